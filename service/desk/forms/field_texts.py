"""Values of rules and settings as text in form fields, and back. Pure."""

from collections.abc import Callable
from typing import Literal

from service.platform.problems import InvalidField
from service.platform.sites.site_settings import OidcRole
from service.platform.sites.who_may_post import ClaimRule

Kind = Literal["number", "choice", "choices", "switch", "lines", "text", "who", "reasons", "roles"]
Typed = str | list[str]  # what a form gives a field: “choices” have several values
ON = "on"
WHO_FORMAT = "Write “anyone”, “signed-in”, or a claim and its values: “plan: gold, silver”."
ROLE_FORMAT = "Write a line for each value: “editors = admin”, “news = moderator”, or “sport = moderator: sport; city”."
REASON_FORMAT = "Write a line for each text: the code, the language and the text, as in “house-rules en It is rude.”"


def write_text(kind: Kind, value: object) -> Typed:
    """Return ``value`` as a form field of ``kind`` holds it."""
    if value is None or isinstance(value, bool):
        return ON if value else ""
    if isinstance(value, ClaimRule):
        return f"{value.claim}: {', '.join(value.values)}"
    if isinstance(value, dict) and kind == "roles":
        return "\n".join(f"{claimed} = {_role_text(role)}" for claimed, role in value.items())
    if isinstance(value, dict):
        return "\n".join(f"{code} {tag} {text}" for code, texts in value.items() for tag, text in texts.items())
    if isinstance(value, tuple):
        return [*value] if kind == "choices" else "\n".join(value)
    return str(value)


def read_text(kind: Kind, typed: Typed, *, is_optional: bool) -> object:
    """Return what ``typed`` stands for, to be decoded as a member of the struct; raises InvalidField."""
    if isinstance(typed, list):
        return typed
    text = typed.strip()
    if not text and is_optional:
        return None
    return _READERS[kind](text)


def _number(text: str) -> object:
    is_number = text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 18
    return int(text) if is_number else text


def _lines(text: str) -> object:
    return [*dict.fromkeys(filter(None, map(str.strip, text.splitlines())))]


def _who(text: str) -> object:
    if text in {"anyone", "signed-in"}:
        return text
    claim, colon, values = text.partition(":")
    if not colon:
        raise InvalidField(WHO_FORMAT, pointer="/who_may_post")
    return {"claim": claim.strip(), "values": [*filter(None, map(str.strip, values.split(",")))]}


def _reasons(text: str) -> dict[str, dict[str, str]]:
    reasons: dict[str, dict[str, str]] = {}
    for number, line in enumerate(text.splitlines()):
        parts = line.split(maxsplit=2)
        if parts and len(parts) != 3:
            raise InvalidField(REASON_FORMAT, pointer=f"/decision_reasons/{number}")
        if parts:
            reasons.setdefault(parts[0], {})[parts[1]] = parts[2].strip()
    return reasons


def _role_text(role: OidcRole) -> str:
    return role.role + (f": {'; '.join(role.sections)}" if role.sections else "")


def _roles(text: str) -> dict[str, dict[str, object]]:
    roles: dict[str, dict[str, object]] = {}
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
        sign = max(line.rfind(" = admin"), line.rfind(" = moderator"))  # a value can have such signs: CN=Editors
        if sign < 1:
            raise InvalidField(ROLE_FORMAT, pointer=f"/oidc_roles/{number}")
        role, colon, labels = line[sign + 3 :].partition(":")
        sections = [*filter(None, map(str.strip, labels.split(";")))]
        roles[line[:sign].strip()] = {"role": role.strip(), **({"sections": sections} if colon else {})}
    return roles


_READERS: dict[Kind, Callable[[str], object]] = {
    "number": _number,
    "choice": str,
    "switch": ON.__eq__,
    "lines": _lines,
    "text": str,
    "who": _who,
    "reasons": _reasons,
    "roles": _roles,
}
