"""The settings of a site, by group, and those that differ in a section."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta
from starlette.responses import Response

from service.desk.forms.save_forms import save_section, save_site_settings
from service.desk.forms.struct_forms import Field, mark_field, read_fields, show_fields
from service.desk.sign_in.desk_request import DeskRequest
from service.platform.problems import InvalidField, json_pointer
from service.platform.sites.edit_site import ChangedMeanwhile, version_of
from service.platform.sites.sections import MAX_SECTION
from service.platform.sites.site_settings import SectionSettings

GROUPS: dict[str, tuple[str, ...]] = {
    "posting": (
        "mode",
        "who_may_post",
        "sign_in_url",
        "require_email",
        "max_depth",
        "edit_window_seconds",
        "exempt_staff",
        "avatars",
    ),
    "closing": (
        "close_after_days",
        "time_zone",
        "opening_hours",
        "outside_hours",
        "unattended_queue",
        "unattended_minutes",
    ),
    "moderation": ("decision_reasons", "screening_webhook_url", "screening_webhook_email"),
    "sign_in": (
        "require_second_factor",
        "oidc_issuer",
        "oidc_client_id",
        "oidc_scopes",
        "oidc_role_claim",
        "oidc_roles",
        "desk_frame_origins",
    ),
    "limits": ("post_limit_per_reader", "post_limit_per_address", "request_limit_per_address", "request_limit_per_key"),
    "retention": ("fingerprint_retention_days", "versions_retention_days", "delivery_retention_days"),
    "host": (
        "cors_origins",
        "jwt_jwks_url",
        "jwt_issuer",
        "jwt_audience",
        "on_article_deleted",
        "url_ignore_www",
        "url_ignore_trailing_slash",
        "url_ignore_tracking_parameters",
    ),
}
OF_SITE = tuple(name for names in GROUPS.values() for name in names)
OF_SECTION = ("mode", "close_after_days", "who_may_post", "opening_hours", "outside_hours")
PARTS = ("settings", "settings/sections", "settings/moderators", "settings/keys", "settings/secrets")


class SettingsPageQuery(msgspec.Struct, kw_only=True, frozen=True):
    """After a form, what was ``done``."""

    done: Literal["saved"] | None = None


class SectionPageQuery(SettingsPageQuery, kw_only=True, frozen=True):
    """The section whose settings are shown; without one, the list of sections."""

    section: Annotated[str, Meta(max_length=MAX_SECTION)] | None = None


async def get_settings(desk: DeskRequest) -> Response:
    """Send the settings."""
    query = desk.query(SettingsPageQuery)
    return _settings(desk, show_fields(desk.site.settings, OF_SITE), done=query.done)


async def send_settings(desk: DeskRequest) -> Response:
    """Save the settings of the form."""
    names = [name for name in desk.fields.all("field") if name in OF_SITE]
    values, shown = read_fields(desk.fields, desk.site.settings, names)
    status = 422
    if not any(field.error for field in shown.values()):
        try:
            await save_site_settings(desk, values, version=desk.fields.get("version"))
            return desk.see_other(desk.path("settings"), done="saved")
        except InvalidField as problem:
            shown = mark_field(shown, problem)
        except ChangedMeanwhile:
            status = 409
    return _settings(desk, shown, status=status)


def _settings(desk: DeskRequest, shown: dict[str, Field], *, done: str | None = None, status: int = 200) -> Response:
    groups = {group: [name for name in names if name in shown] for group, names in GROUPS.items()}
    return desk.page(
        "settings.html",
        status=status,
        part="settings",
        parts=PARTS,
        fields=shown,
        groups=groups,
        section=None,
        done=done,
        version=version_of(desk.site.settings),
        is_changed=status == 409,
    )


async def get_section(desk: DeskRequest) -> Response:
    """Send the sections with settings of their own, or the settings of one."""
    query = desk.query(SectionPageQuery)
    if query.section is None:
        differing = {label: [*msgspec.to_builtins(each)] for label, each in desk.site.settings.sections.items()}
        return desk.page("sections.html", part="settings/sections", parts=PARTS, sections=differing)
    own = desk.site.settings.sections.get(query.section, SectionSettings())
    given = {name: value for name in OF_SECTION if (value := getattr(own, name)) is not UNSET}
    fields = show_fields(msgspec.structs.replace(desk.site.settings, **given), OF_SECTION)
    shown = {name: field._replace(differs=name in given) for name, field in fields.items()}
    return _section(desk, query.section, shown, done=query.done)


async def send_section(desk: DeskRequest) -> Response:
    """Save what differs in a section."""
    label = desk.form(SectionPageQuery).section
    if label is None:
        raise InvalidField("Name the section.", pointer="/section")
    differing = desk.fields.all("differs")
    values, fields = read_fields(desk.fields, desk.site.settings, OF_SECTION)
    shown = {
        name: field._replace(differs=name in differing, error=field.error if name in differing else None)
        for name, field in fields.items()
    }
    status = 422
    if not any(field.error for field in shown.values()):
        changes = {name: values[name] if name in differing else UNSET for name in OF_SECTION}
        try:
            await save_section(desk, label, changes, version=desk.fields.get("version"))
            return desk.see_other(desk.path("settings/sections"), section=label, done="saved")
        except InvalidField as problem:
            shown = mark_field(shown, problem, below=json_pointer("sections", label))
        except ChangedMeanwhile:
            status = 409
    return _section(desk, label, shown, status=status)


def _section(
    desk: DeskRequest, label: str, shown: dict[str, Field], *, done: str | None = None, status: int = 200
) -> Response:
    return desk.page(
        "settings.html",
        status=status,
        part="settings/sections",
        parts=PARTS,
        fields=shown,
        groups={"section": OF_SECTION},
        section=label,
        done=done,
        version=version_of(desk.site.settings),
        is_changed=status == 409,
    )
