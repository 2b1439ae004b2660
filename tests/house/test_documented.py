"""Every setting, route, command, event and metric is documented in its guide."""

import re
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from service.cli import COMMANDS
from service.platform import metrics as measuring
from service.platform.events.event_types import EventType
from service.platform.sites.site_rules import PRESETS, Rules
from service.platform.sites.site_settings import SiteSettings
from service.reading.docs.guides import FOLDER
from service.routes import SITE_ROUTES
from service.settings import PREFIX, Settings

README = Path(__file__).parents[2] / "README.md"
METRICS = [metric for metric in vars(measuring).values() if isinstance(metric, MetricWrapperBase)]


def guide(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text()


def row_of(table_cell: str, text: str) -> list[str]:
    """The cells of the one row that begins with ``table_cell``."""
    [row] = [line for line in text.splitlines() if line.startswith(f"| {table_cell} |")]
    return [cell.strip() for cell in row.strip("| ").split(" | ")]


def written(value: object) -> str:
    """Format ``value`` as a default in the tables."""
    if value is msgspec.NODEFAULT:
        return "required"
    if value == "":
        return '`""`'
    if isinstance(value, str | bool):
        return f"`{value}`"
    return "`null`" if value is None else f"`{value:g}`"


@pytest.mark.parametrize("field", msgspec.structs.fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_documented_with_its_default(field: msgspec.structs.FieldInfo) -> None:
    assert row_of(f"`{PREFIX}{field.name.upper()}`", guide("install"))[1] == written(field.default)


@pytest.mark.parametrize("field", msgspec.structs.fields(SiteSettings), ids=lambda field: field.name)
def test_every_setting_of_a_site_is_documented_with_its_default(field: msgspec.structs.FieldInfo) -> None:
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    default = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    assert row_of(f"`{field.name}`", guide("install"))[1] == f"`{default}`"


@pytest.mark.parametrize("field", msgspec.structs.fields(Rules), ids=lambda field: field.name)
def test_every_rule_is_documented_with_its_value_in_the_preset_newsroom(field: msgspec.structs.FieldInfo) -> None:
    value = getattr(PRESETS["newsroom"], field.name)
    text = (
        f"`{value}`" if isinstance(value, str) else "–" if value in (None, ()) else msgspec.json.encode(value).decode()
    )
    assert row_of(f"`{field.name}`", guide("moderate"))[1] == text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"| `onereply {command}" in guide("install")


@pytest.mark.parametrize("event", EventType)
def test_every_event_is_documented(event: EventType) -> None:
    assert row_of(f"`{event}`", guide("webhooks"))[1]


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _, _ in SITE_ROUTES])
def test_every_route_is_documented(method: str, path: str) -> None:
    rows = [line.split(" | ")[0] for line in guide("integrate").splitlines() if line.startswith("| `")]
    assert [row for row in rows if f"`{method} {path}" in row]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric._name)
def test_every_metric_is_documented_with_its_labels(metric: MetricWrapperBase) -> None:
    [described] = metric.describe()
    assert described.name in {each.name for each in REGISTRY.collect()}
    name = f"{described.name}_total" if described.type == "counter" else described.name
    [row] = [line for line in guide("install").splitlines() if line.startswith(f"| `{name}` |")]
    _, _, kind, labels, _, _ = (cell.strip() for cell in row.split("|"))
    assert (kind, labels) == (described.type, ", ".join(f"`{label}`" for label in metric._labelnames))


def test_nothing_is_documented_that_cannot_be_set() -> None:
    rows = re.findall(r"^\| `([A-Za-z_]+)` \| (?:required|`.*?`) \|", guide("install"), re.MULTILINE)
    settings = {f"{PREFIX}{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    assert set(rows) == settings | {field.name for field in msgspec.structs.fields(SiteSettings)}
    rules = re.findall(
        r"^\| `([a-z_]+)` \| (?:–|\d+|true|false|`\w+`) \|", guide("moderate").partition("## Rules")[2], re.MULTILINE
    )
    assert rules == [field.name for field in msgspec.structs.fields(Rules)]


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(README.read_text().split()) <= 1500
