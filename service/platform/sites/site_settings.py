"""What a site may set for itself: one typed struct, and the presets a new site starts from."""

from typing import Annotated, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from service.platform.renamed import SITE_SETTINGS

Mode = Literal["publish", "hold-first-timers", "hold"]
MODES: tuple[Mode, ...] = get_args(Mode)
RATE = r"[1-9][0-9]{0,6}/(second|minute|hour|day)"
Rates = Annotated[str, Meta(pattern=rf"^{RATE}( {RATE}){{0,3}}$")]
ORIGIN = r"https?://[a-z0-9.\-\[\]:]{1,255}"
JWKS = r"https?://[^\s/?#@\\]+(?:[/?#][^\s@\\]*)?"
Claim = Annotated[str, Meta(min_length=1, max_length=500)]
Origins = Annotated[str, Meta(pattern=rf"^(\*|{ORIGIN}( {ORIGIN}){{0,19}})$")]


class SiteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site's settings. Kept as JSON; a field added later takes its default for every site there is."""

    mode: Annotated[Mode, Meta(description="Publish comments at once, hold those of first-timers, or hold all.")] = (
        "publish"
    )
    require_email: Annotated[bool, Meta(description="Whether a guest must give an e-mail address.")] = False
    max_depth: Annotated[
        int, Meta(ge=0, le=20, description="Levels of replies below a comment; deeper ones hang at the last.")
    ] = 6
    edit_window_seconds: Annotated[
        int, Meta(ge=0, le=86_400, description="Seconds in which an author may edit what they posted.")
    ] = 300
    close_after_days: Annotated[
        Annotated[int, Meta(ge=0, le=36_500)] | None,
        Meta(description="Days after `published_at` at which an `auto` thread closes; null: never."),
    ] = None
    cors_origins: Annotated[
        Origins | None,
        Meta(
            description="Origins of pages that may call from the browser, such as `https://gazette.example`, with no "
            "slash at the end, separated by spaces; `*`: any; null: none."
        ),
    ] = None
    post_limit_per_reader: Annotated[
        Rates | None,
        Meta(description="Posts and edits by one reader with a token, such as `5/minute 60/hour`; null: any."),
    ] = None
    post_limit_per_address: Annotated[
        Rates | None, Meta(description="Posts and edits from one address (of IPv6: one /64), without a key; null: any.")
    ] = None
    request_limit_per_address: Annotated[
        Rates | None, Meta(description="Requests of any kind from one address, without a key; null: any.")
    ] = None
    request_limit_per_key: Annotated[Rates | None, Meta(description="Requests of any kind by one key; null: any.")] = (
        None
    )
    fingerprint_retention_days: Annotated[
        int, Meta(ge=1, le=365, description="Days for which the keyed hash of an author's address is kept.")
    ] = 30
    delivery_retention_days: Annotated[
        int, Meta(ge=1, le=365, description="Days for which what became of webhooks' deliveries can be looked up.")
    ] = 30
    jwt_jwks_url: Annotated[
        Annotated[str, Meta(max_length=2000, pattern=rf"^{JWKS}$(?!\n)")] | None,
        Meta(description="URL (https) of the JWKS that has the keys of the host's tokens; null: none."),
    ] = None
    jwt_issuer: Annotated[
        Claim | None, Meta(description="The issuer (`iss`) that the host's tokens must name; null: any.")
    ] = None
    jwt_audience: Annotated[
        Claim | None,
        Meta(description="The audience (`aud`) that the host's tokens must name; null: the site's slug."),
    ] = None
    on_article_deleted: Annotated[
        Literal["keep", "erase"],
        Meta(description="Keep the comments of an article that the host deletes, unseen, or erase them for good."),
    ] = "keep"


PRESETS: dict[str, SiteSettings] = {
    "newsroom": SiteSettings(
        post_limit_per_reader="5/minute 60/hour",
        post_limit_per_address="20/minute 200/hour",
        request_limit_per_address="600/minute",
        request_limit_per_key="30000/minute",
    ),
    "open": SiteSettings(),
}


HTTPS_ONLY = "jwt_jwks_url must be an https URL: whoever stands between could put in keys of their own."


def keys_in_the_open(jwt_jwks_url: str | None) -> bool:
    """Whether a host's keys would be fetched where somebody between could change them."""
    return (jwt_jwks_url or "").startswith("http:")


class InvalidSetting(Exception):
    """A setting is unknown or its value does not fit; the message is one line for whoever sets it."""


def change_settings(settings: SiteSettings, assignments: tuple[str, ...]) -> SiteSettings:
    """``settings`` with each ``NAME=VALUE`` of ``assignments`` applied; ``null`` unsets. Raises InvalidSetting."""
    values = msgspec.to_builtins(settings)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if name in SITE_SETTINGS:
            raise InvalidSetting(f"“{name}” is now called “{SITE_SETTINGS[name]}”.")
        if not equals or name not in values:
            raise InvalidSetting(f"“{assignment}” is not NAME=VALUE with a name of: {', '.join(values)}.")
        values[name] = None if value == "null" else value
    try:
        return msgspec.convert(values, SiteSettings, strict=False)
    except msgspec.ValidationError as error:
        told, _, name = str(error).rstrip("`").rpartition(" - at `$.")
        said = f"“{values[name]}” is none that it takes" if "regex" in told else told
        raise InvalidSetting(f"{name}: {said}. {_meaning_of(name)}") from None


def _meaning_of(name: str) -> str:
    hint = get_type_hints(SiteSettings, include_extras=True)[name]
    return " ".join(meta.description or "" for meta in get_args(hint) if isinstance(meta, Meta))
