"""A site's settings, and the presets for new sites."""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.platform.sites.opening_hours import HOURS_PATTERN
from service.platform.sites.sections import MAX_SECTIONS, SectionName
from service.platform.sites.site_rules import SectionRules
from service.platform.sites.who_may_post import WhoMayPost

Mode = Literal["publish", "hold-first-timers", "hold"]
MODES: tuple[Mode, ...] = get_args(Mode)
RATE = r"[1-9][0-9]{0,6}/(second|minute|hour|day)"
Rates = Annotated[str, Meta(pattern=rf"^{RATE}( {RATE}){{0,3}}$(?!\n)")]
ORIGIN = r"[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f/?#@\\]{1,255}/?"
SIGN_IN_URL = r"https?://[^\s/?#@\\<>]+(?:[/?#][^\s\\<>]*)?"
WEBHOOK_URL = r"https?://[^\s/?#@\\]+(?:[/?][^\s#@\\]*)?"
JWKS = r"https?://[^\s/?#@\\]+(?:[/?#][^\s@\\]*)?"
TimeZone = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$(?!\n)")]
OpeningHours = Annotated[str, Meta(max_length=500, pattern=HOURS_PATTERN)]
OutsideHours = Literal["hold", "close"]
Claim = Annotated[str, Meta(min_length=1, max_length=500)]
ISSUER = r"https?://[^\s/?#@\\]+(?:/[^\s?#@\\]*)?"
Avatars = Literal["none", "initials"]
RequireSecondFactor = Literal["none", "admins", "all"]
REASON_CODE, LANGUAGE_TAG = r"[a-z][a-z0-9-]{0,31}", r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}"
ReasonTexts = Annotated[dict[str, Annotated[str, Meta(max_length=300)]], Meta(max_length=40)]
Origins = Annotated[str, Meta(pattern=rf"^(\*|{ORIGIN}( {ORIGIN}){{0,19}})$(?!\n)")]


class OidcRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a value of a provider's claim gives: a role, and for a moderator the sections to which it is limited."""

    role: Literal["moderator", "admin"]
    sections: Annotated[list[SectionName], Meta(min_length=1, max_length=MAX_SECTIONS)] | None = None


class SectionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What differs in a section; omitted members are as at the site."""

    mode: Mode | UnsetType = UNSET
    close_after_days: Annotated[int, Meta(ge=0, le=36_500)] | None | UnsetType = UNSET
    who_may_post: WhoMayPost | UnsetType = UNSET
    opening_hours: OpeningHours | None | UnsetType = UNSET
    outside_hours: OutsideHours | UnsetType = UNSET
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
    opening_hours: Annotated[
        OpeningHours | None,
        Meta(description="Weekly hours in which comments are open, such as `Mo-Fr 08:00-22:00; Sa,Su 10:00-18:00`."),
    ] = None
    outside_hours: Annotated[
        OutsideHours, Meta(description="Outside the opening hours: hold all comments, or accept none.")
    ] = "hold"
    unattended_queue: Annotated[
        Annotated[int, Meta(ge=0, le=100_000)] | None,
        Meta(description="Hold all comments while more than this many wait and nobody decides; null: never."),
    ] = None
    unattended_minutes: Annotated[
        int, Meta(ge=1, le=10_080, description="Minutes without a decision after which nobody seems to be there.")
    ] = 60
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
    who_may_post: Annotated[
        WhoMayPost,
        Meta(description="Who may post: `anyone`, `signed-in` readers, or those with a claim in their host token."),
    ] = "anyone"
    sign_in_url: Annotated[
        Annotated[str, Meta(max_length=2000, pattern=rf"^{SIGN_IN_URL}$(?!\n)")] | None,
        Meta(description="URL of your sign-in page; `{return_url}` in it becomes the page to return to; null: none."),
    ] = None
    avatars: Annotated[
        Avatars,
        Meta(description="What stands beside authors' names: nothing (`none`) or their `initials` on a circle."),
    ] = "none"
    require_second_factor: Annotated[
        RequireSecondFactor,
        Meta(description="Who must have a second factor beside their password: `none`, `admins`, or `all` moderators."),
    ] = "none"
    oidc_issuer: Annotated[
        Annotated[str, Meta(max_length=500, pattern=rf"^{ISSUER}$(?!\n)")] | None,
        Meta(description="URL (https) of the OpenID provider that signs moderators in to the desk; null: none."),
    ] = None
    oidc_client_id: Annotated[
        Claim | None, Meta(description="The client id by which the OpenID provider knows the desk.")
    ] = None
    oidc_scopes: Annotated[
        Annotated[str, Meta(max_length=500, pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$(?!\n)")],
        Meta(description="Scopes to ask the OpenID provider for, separated by spaces; `openid` is always asked for."),
    ] = "openid profile"
    oidc_role_claim: Annotated[
        Claim, Meta(description="The claim that gives the role, such as `groups` or `realm_access.roles`.")
    ] = "groups"
    oidc_roles: Annotated[
        dict[Claim, OidcRole],
        Meta(
            max_length=200,
            description="What each value of `oidc_role_claim` gives, as JSON, such as "
            '`{"editors": {"role": "admin"}, "sport": {"role": "moderator", "sections": ["sport"]}}`. '
            "Without a value in it, nobody gets in.",
        ),
    ] = {}
    desk_frame_origins: Annotated[
        Annotated[str, Meta(pattern=rf"^{ORIGIN}( {ORIGIN}){{0,19}}$(?!\n)")] | None,
        Meta(description="Origins whose pages may frame the desk and sign moderators in with a token; null: none."),
    ] = None
    exempt_staff: Annotated[
        bool, Meta(description="Whether comments of staff and moderators skip rules, holding and rate limits.")
    ] = True
    sections: Annotated[
        dict[SectionName, SectionSettings],
        Meta(max_length=MAX_SECTIONS, description="What differs in a section, by the section's label, as JSON."),
    ] = {}
    decision_reasons: Annotated[
        dict[str, ReasonTexts],
        Meta(
            max_length=50,
            description="The site's own reasons of decisions, or its own texts for the standard ones: by code, and "
            'then by language, such as `{"house-rules": {"en": "It breaks our house rules."}}`.',
        ),
    ] = {}
    screening_webhook_url: Annotated[
        Annotated[str, Meta(max_length=2000, pattern=rf"^{WEBHOOK_URL}$(?!\n)")] | None,
        Meta(description="URL of the screening webhook, which the rule `screening_webhook` asks; null: none."),
    ] = None
    screening_webhook_email: Annotated[
        bool, Meta(description="Whether the screening webhook gets authors' e-mail addresses.")
    ] = False
    url_ignore_www: Annotated[bool, Meta(description="Whether look-ups by URL ignore `www.` before the host.")] = False
    url_ignore_trailing_slash: Annotated[
        bool, Meta(description="Whether look-ups by URL ignore a slash at the end of the path.")
    ] = False
    url_ignore_tracking_parameters: Annotated[
        bool, Meta(description="Whether look-ups by URL ignore well-known tracking parameters, such as `utm_source`.")
    ] = False


PRESETS: dict[str, SiteSettings] = {
    "newsroom": SiteSettings(
        post_limit_per_reader="5/minute 60/hour",
        post_limit_per_address="20/minute 200/hour",
        request_limit_per_address="600/minute",
        request_limit_per_key="30000/minute",
    ),
    "open": SiteSettings(),
}
