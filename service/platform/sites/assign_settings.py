"""Change settings by assignments such as ``mode=hold``, as the command line does."""

import re
from typing import get_args, get_type_hints

import msgspec
from msgspec import Meta

from service.platform.problems import InvalidField
from service.platform.renamed import SITE_SETTINGS
from service.platform.sites.check_settings import check_settings
from service.platform.sites.site_settings import SiteSettings


class InvalidSetting(Exception):
    """The setting is unknown or its value is invalid; the message is one line for the user."""


def assign_settings(settings: SiteSettings, assignments: tuple[str, ...], *, allow_http: bool) -> SiteSettings:
    """Apply each ``NAME=VALUE`` of ``assignments`` to ``settings``; ``null`` unsets. Raises InvalidSetting."""
    values = msgspec.to_builtins(settings)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if name in SITE_SETTINGS:
            raise InvalidSetting(f"“{name}” is now called “{SITE_SETTINGS[name]}”.")
        if not equals or name not in values:
            raise InvalidSetting(f"“{assignment}” must be NAME=VALUE; the names are: {', '.join(values)}.")
        is_json = isinstance(values[name], dict) or value.startswith("{")
        values[name] = None if value == "null" else _json(name, value) if is_json else value
    try:
        changed = msgspec.convert(values, SiteSettings, strict=False)
    except msgspec.ValidationError as error:
        message, _, place = str(error).rpartition(" - at ")
        name = next(word for word in re.findall(r"\w+", place) if word in values)
        reason = f"“{values[name]}” has an invalid format" if "regex" in message else message
        raise InvalidSetting(f"{name}: {reason}. {_description_of(name)}") from None
    try:
        checked = check_settings(msgspec.structs.asdict(changed), allow_http=allow_http)
    except InvalidField as problem:
        raise InvalidSetting(f"{problem.members['pointer'].lstrip('/')}: {problem}") from None
    return SiteSettings(**checked)


def _json(name: str, value: str) -> object:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise InvalidSetting(f"{name}: the JSON is malformed: {error}.") from None


def _description_of(name: str) -> str:
    hint = get_type_hints(SiteSettings, include_extras=True)[name]
    return " ".join(meta.description or "" for meta in get_args(hint) if isinstance(meta, Meta))
