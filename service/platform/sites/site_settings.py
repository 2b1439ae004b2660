"""A site's settings, and the presets for new sites."""

import re
from typing import Annotated, Literal, get_args, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.platform.problems import InvalidField
from service.platform.renamed import SITE_SETTINGS
from service.platform.sites.sections import MAX_SECTION, MAX_SECTIONS, SectionName
from service.platform.sites.site_rules import SectionRules, check_section_rules
from service.platform.sites.time_zones import TIME_ZONE_FORMAT, is_time_zone
from service.platform.text.field_types import read_line
from service.platform.text.web_urls import canonical_origin

Mode = Literal["publish", "hold-first-timers", "hold"]
MODES: tuple[Mode, ...] = get_args(Mode)
RATE = r"[1-9][0-9]{0,6}/(second|minute|hour|day)"
Rates = Annotated[str, Meta(pattern=rf"^{RATE}( {RATE}){{0,3}}$(?!\n)")]
ORIGIN = r"[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f/?#@\\]{1,255}/?"
JWKS = r"https?://[^\s/?#@\\]+(?:[/?#][^\s@\\]*)?"
TimeZone = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$(?!\n)")]
Claim = Annotated[str, Meta(min_length=1, max_length=500)]
Origins = Annotated[str, Meta(pattern=rf"^(\*|{ORIGIN}( {ORIGIN}){{0,19}})$(?!\n)")]


class SectionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What differs in a section; omitted members are as at the site."""

    mode: Mode | UnsetType = UNSET
    close_after_days: Annotated[int, Meta(ge=0, le=36_500)] | None | UnsetType = UNSET
    rules: SectionRules | UnsetType = UNSET


class SiteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site's settings, stored as JSON; a field added later has its default at existing sites."""

    mode: Annotated[
        Mode, Meta(description="Publish comments at once, hold those of first-time authors, or hold all.")
    ] = "publish"
    require_email: Annotated[bool, Meta(description="Whether a guest must give an e-mail address.")] = False
    max_depth: Annotated[
        int,
        Meta(ge=0, le=20, description="Maximum depth of replies below a comment; deeper replies appear at this level."),
    ] = 6
    edit_window_seconds: Annotated[
        int, Meta(ge=0, le=86_400, description="Edit window: seconds in which authors may edit their comments.")
    ] = 300
    close_after_days: Annotated[
        Annotated[int, Meta(ge=0, le=36_500)] | None,
        Meta(description="Days after `published_at` until an `auto` thread closes; null: never."),
    ] = None
    time_zone: Annotated[
        TimeZone, Meta(description="Time zone of the times in notices, by its IANA name, such as `Europe/Berlin`.")
    ] = "UTC"
    cors_origins: Annotated[
        Origins | None,
        Meta(
            description="CORS: allowed origins, such as `https://gazette.example`, separated by spaces; `*`: any;"
            " null: none."
        ),
    ] = None
    post_limit_per_reader: Annotated[
        Rates | None,
        Meta(
            description="Rate limit of posts and edits per reader with a token, such as `5/minute 60/hour`; null: "
            "no limit."
        ),
    ] = None
    post_limit_per_address: Annotated[
        Rates | None,
        Meta(description="Rate limit of posts and edits per address (IPv6: per /64), without a key; null: no limit."),
    ] = None
    request_limit_per_address: Annotated[
        Rates | None, Meta(description="Rate limit of all requests per address, without a key; null: no limit.")
    ] = None
    request_limit_per_key: Annotated[
        Rates | None, Meta(description="Rate limit of all requests per key; null: no limit.")
    ] = None
    fingerprint_retention_days: Annotated[
        int, Meta(ge=1, le=365, description="Retention in days of the fingerprints of authors' addresses.")
    ] = 30
    versions_retention_days: Annotated[
        int,
        Meta(ge=1, le=365, description="Retention in days of earlier versions of comments, after the last decision."),
    ] = 30
    delivery_retention_days: Annotated[
        int, Meta(ge=1, le=365, description="Retention in days of the results of webhook deliveries.")
    ] = 30
    jwt_jwks_url: Annotated[
        Annotated[str, Meta(max_length=2000, pattern=rf"^{JWKS}$(?!\n)")] | None,
        Meta(description="URL (https) of the JWKS with the keys for host tokens; null: none."),
    ] = None
    jwt_issuer: Annotated[Claim | None, Meta(description="Required issuer (`iss`) of host tokens; null: any.")] = None
    jwt_audience: Annotated[
        Claim | None,
        Meta(description="Required audience (`aud`) of host tokens; null: the site's slug."),
    ] = None
    on_article_deleted: Annotated[
        Literal["keep", "erase"],
        Meta(description="When the host deletes an article: keep its comments, hidden, or erase them for good."),
    ] = "keep"
    sections: Annotated[
        dict[SectionName, SectionSettings],
        Meta(max_length=MAX_SECTIONS, description="What differs in a section, by the section's label, as JSON."),
    ] = {}


PRESETS: dict[str, SiteSettings] = {
    "newsroom": SiteSettings(
        post_limit_per_reader="5/minute 60/hour",
        post_limit_per_address="20/minute 200/hour",
        request_limit_per_address="600/minute",
        request_limit_per_key="30000/minute",
    ),
    "open": SiteSettings(),
}


HTTPS_ONLY = "“jwt_jwks_url” must be an https URL: over http, an attacker could replace the keys."


def is_plain_http(jwt_jwks_url: str | None) -> bool:
    """Whether the JWKS URL is plain http, which lets an attacker replace the keys."""
    return (jwt_jwks_url or "").startswith("http:")


ORIGIN_FORMAT = "“cors_origins” must be origins, such as “https://gazette.example”, separated by spaces, or “*”."


def canonical_origins(origins: str) -> str | None:
    """Return the value of ``cors_origins`` with each origin in its canonical form; None if one is not an origin."""
    if origins == "*":
        return origins
    canonical = [canonical_origin(origin) for origin in origins.split(" ")]
    return None if None in canonical else " ".join(dict.fromkeys(filter(None, canonical)))


def canonical_sections(sections: dict[str, SectionSettings]) -> dict[str, SectionSettings]:
    """Return ``sections`` with each label, word and domain in its canonical form; raises InvalidField."""
    checked = {}
    for label, each in sections.items():
        below = f"/sections/{label.replace('~', '~0').replace('/', '~1')}"
        own = UNSET if each.rules is UNSET else check_section_rules(each.rules, below=f"{below}/rules")
        checked[read_line(label, pointer=below, max_length=MAX_SECTION)] = msgspec.structs.replace(each, rules=own)
    return checked


class InvalidSetting(Exception):
    """The setting is unknown or its value is invalid; the message is one line for the user."""


def change_settings(settings: SiteSettings, assignments: tuple[str, ...]) -> SiteSettings:
    """Apply each ``NAME=VALUE`` of ``assignments`` to ``settings``; ``null`` unsets. Raises InvalidSetting."""
    values = msgspec.to_builtins(settings)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if name in SITE_SETTINGS:
            raise InvalidSetting(f"“{name}” is now called “{SITE_SETTINGS[name]}”.")
        if not equals or name not in values:
            raise InvalidSetting(f"“{assignment}” must be NAME=VALUE; the names are: {', '.join(values)}.")
        values[name] = None if value == "null" else _json(name, value) if isinstance(values[name], dict) else value
    try:
        changed = msgspec.convert(values, SiteSettings, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).rstrip("`").rpartition(" - at `$.")
        name = re.split(r"[.\[]", path)[0]
        reason = f"“{values[name]}” has an invalid format" if "regex" in message else message
        raise InvalidSetting(f"{name}: {reason}. {_description_of(name)}") from None
    if not is_time_zone(changed.time_zone):
        raise InvalidSetting(TIME_ZONE_FORMAT)
    try:
        changed = msgspec.structs.replace(changed, sections=canonical_sections(changed.sections))
    except InvalidField as problem:
        raise InvalidSetting(f"{problem.members['pointer']}: {problem.detail}") from None
    if changed.cors_origins is None:
        return changed
    if (origins := canonical_origins(changed.cors_origins)) is None:
        raise InvalidSetting(ORIGIN_FORMAT)
    return msgspec.structs.replace(changed, cors_origins=origins)


def _json(name: str, value: str) -> object:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise InvalidSetting(f"{name}: the JSON is malformed: {error}.") from None


def _description_of(name: str) -> str:
    hint = get_type_hints(SiteSettings, include_extras=True)[name]
    return " ".join(meta.description or "" for meta in get_args(hint) if isinstance(meta, Meta))
