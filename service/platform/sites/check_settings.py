"""Check what the type of a setting can't say, and bring values into their canonical form."""

import re
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec
from msgspec import UNSET

from service.platform.problems import InvalidField, json_pointer
from service.platform.sites.opening_hours import InvalidHours, parse_hours
from service.platform.sites.sections import MAX_SECTION
from service.platform.sites.site_rules import check_section_rules
from service.platform.sites.site_settings import LANGUAGE_TAG, REASON_CODE, OidcRole, SectionSettings
from service.platform.sites.time_zones import TIME_ZONE_FORMAT, is_time_zone
from service.platform.text.field_types import read_line, read_web_url
from service.platform.text.web_urls import canonical_origin

HTTPS_ONLY = "“{name}” must be an https URL: over http, an attacker could replace the keys."
ORIGIN_FORMAT = "“{name}” must be origins, such as “https://gazette.example”, separated by spaces{other}."


def check_settings(given: dict[str, Any], *, allow_http: bool) -> dict[str, Any]:
    """Return the settings ``given`` in their canonical form; raises InvalidField.

    The words of sections can be many: call it in a thread where that matters.
    """
    for name in ("jwt_jwks_url", "oidc_issuer"):
        if not allow_http and (given.get(name) or "").startswith("http:"):
            raise InvalidField(HTTPS_ONLY.format(name=name), pointer=f"/{name}")
    checked = {name: check(given[name]) for name, check in _CHECKS.items() if given.get(name) is not None}
    return given | checked


def _check_cors_origins(origins: str) -> str:
    return origins if origins == "*" else _check_origins(origins, name="cors_origins", other=", or “*”")


def _check_frame_origins(origins: str) -> str:
    return _check_origins(origins, name="desk_frame_origins")


def _check_origins(origins: str, *, name: str, other: str = "") -> str:
    canonical = [canonical_origin(origin) for origin in origins.split(" ")]
    if None in canonical:
        raise InvalidField(ORIGIN_FORMAT.format(name=name, other=other), pointer=f"/{name}")
    return " ".join(dict.fromkeys(filter(None, canonical)))


def _check_jwks_url(url: str) -> str:
    return read_web_url(url, pointer="/jwt_jwks_url")


def _check_issuer(url: str) -> str:
    read_web_url(url, pointer="/oidc_issuer")
    return url


def _check_sign_in_url(url: str) -> str:
    read_web_url(url.replace("{return_url}", ""), pointer="/sign_in_url")
    return url


def _check_roles(roles: dict[str, OidcRole]) -> dict[str, OidcRole]:
    checked = {}
    for value, each in roles.items():
        below = json_pointer("oidc_roles", value)
        if each.role == "admin" and each.sections:
            raise InvalidField("An admin can't be limited to sections.", pointer=f"{below}/sections")
        labels = each.sections and [
            read_line(label, pointer=f"{below}/sections/{number}", max_length=MAX_SECTION)
            for number, label in enumerate(each.sections)
        ]
        checked[value] = msgspec.structs.replace(each, sections=labels)
    return checked


def _check_time_zone(name: str) -> str:
    if not is_time_zone(name):
        raise InvalidField(TIME_ZONE_FORMAT, pointer="/time_zone")
    return name


def _check_hours(hours: str, pointer: str = "/opening_hours") -> str:
    try:
        parse_hours(hours)
    except InvalidHours as error:
        raise InvalidField(str(error), pointer=pointer) from None
    return hours


def _check_sections(sections: dict[str, SectionSettings]) -> dict[str, SectionSettings]:
    checked = {}
    for label, each in sections.items():
        below = json_pointer("sections", label)
        if each.opening_hours:
            _check_hours(each.opening_hours, f"{below}/opening_hours")
        own = UNSET if each.rules is UNSET else check_section_rules(each.rules, below=f"{below}/rules")
        name = read_line(label, pointer=below, max_length=MAX_SECTION)
        if name in checked:
            raise InvalidField(f"“{name}” is given twice, in other spellings; give it once.", pointer=below)
        checked[name] = msgspec.structs.replace(each, rules=own)
    return checked


def _check_reasons(reasons: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    for code, texts in reasons.items():
        if not re.fullmatch(REASON_CODE, code):
            _refuse_reason("A reason's code has 1 to 32 of a–z, 0–9 and hyphens, and begins with a letter.", code)
        if not texts:
            _refuse_reason("A reason needs a text in at least one language.", code)
        for tag in texts:
            if not re.fullmatch(LANGUAGE_TAG, tag):
                _refuse_reason("The language of a text must be a BCP 47 tag, such as “de” or “pt-BR”.", code, tag)

    def clean(code: str, tag: str, text: str) -> str:
        return read_line(text, pointer=json_pointer(_REASONS, code, tag), max_length=300)

    return {code: {tag: clean(code, tag, text) for tag, text in texts.items()} for code, texts in reasons.items()}


def _refuse_reason(detail: str, *keys: str) -> NoReturn:
    raise InvalidField(detail, pointer=json_pointer(_REASONS, *keys))


_REASONS = "decision_reasons"
_CHECKS: dict[str, Callable[[Any], object]] = {
    "cors_origins": _check_cors_origins,
    "desk_frame_origins": _check_frame_origins,
    "oidc_issuer": _check_issuer,
    "oidc_roles": _check_roles,
    "jwt_jwks_url": _check_jwks_url,
    "sign_in_url": _check_sign_in_url,
    "time_zone": _check_time_zone,
    "opening_hours": _check_hours,
    "sections": _check_sections,
    _REASONS: _check_reasons,
}
