"""Whatever a user can set, call, run or receive is in the README."""

from pathlib import Path

import msgspec
import pytest

from service.cli import COMMANDS
from service.platform.events.event_types import EventType
from service.platform.sites.site_rules import PRESETS, Rules
from service.platform.sites.site_settings import SiteSettings
from service.routes import SITE_ROUTES
from service.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("field", msgspec.structs.fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_documented_with_its_default(field: msgspec.structs.FieldInfo) -> None:
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{PREFIX}{field.name.upper()}` |")]
    default = field.default
    told = (
        "required"
        if default is msgspec.NODEFAULT
        else f"`{default:g}`"
        if isinstance(default, float)
        else "`null`"
        if default is None
        else f"`{default}`"
    )
    assert f"| {told} |" in row


@pytest.mark.parametrize("field", msgspec.structs.fields(SiteSettings), ids=lambda field: field.name)
def test_every_setting_of_a_site_is_documented_with_its_default(field: msgspec.structs.FieldInfo) -> None:
    default = field.default if isinstance(field.default, str) else msgspec.json.encode(field.default).decode()
    assert f"| `{field.name}` | `{default}` |" in README


@pytest.mark.parametrize("field", msgspec.structs.fields(Rules), ids=lambda field: field.name)
def test_every_rule_is_documented_with_what_a_newsroom_has(field: msgspec.structs.FieldInfo) -> None:
    value = getattr(PRESETS["newsroom"], field.name)
    told = (
        f"`{value}`" if isinstance(value, str) else "" if value in (None, ()) else msgspec.json.encode(value).decode()
    )
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{field.name}` | ")]
    assert row.endswith(f" | {told} |")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"`onereply {command}" in README


@pytest.mark.parametrize("event", EventType)
def test_every_event_is_documented(event: EventType) -> None:
    assert f"`{event}`" in README


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _, _ in SITE_ROUTES])
def test_every_route_is_documented(method: str, path: str) -> None:
    assert f"`{method} {path}" in README
