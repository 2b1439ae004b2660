"""The weekly opening hours of the site and of its sections: what is true now, and the forms to change them."""

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta
from starlette.responses import Response

from service.desk.forms.refused_forms import RefusedForm, refused_form
from service.desk.forms.site_times import by_the_clock
from service.desk.frame.desk_messages import desk_messages
from service.desk.sign_in.desk_request import DeskRequest
from service.desk.threads.hours_by_day import InvalidDay, hours_of, lines_of
from service.moderation.rules.save_rules import save_settings
from service.platform import clock
from service.platform.http.app_state import gate_of
from service.platform.problems import InvalidField
from service.platform.sites.check_settings import check_settings
from service.platform.sites.edit_site import ChangedMeanwhile, version_of
from service.platform.sites.opening_hours import DAYS
from service.platform.sites.sections import MAX_SECTION
from service.platform.sites.site_settings import OutsideHours, SectionSettings
from service.platform.sites.time_zones import is_time_zone
from service.platform.text.field_types import read_line


class HoursQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Whose hours to change: a section's, or those of the site (``edit``); and whether they were just saved."""

    section: Annotated[str, Meta(max_length=MAX_SECTION)] | None = None
    edit: bool = False
    said: Annotated[str, Meta(max_length=32)] | None = None


class HoursForm(msgspec.Struct, kw_only=True):
    """Hours of the site or a ``section``; ``version`` is that of the settings that the admin saw."""

    version: Annotated[str, Meta(max_length=64)]
    hours: Literal["always", "weekly", "site"]
    outside_hours: OutsideHours | None = None
    time_zone: Annotated[str, Meta(max_length=64)] | None = None
    section: Annotated[str, Meta(max_length=MAX_SECTION)] | None = None


class Shown(NamedTuple):
    """The hours of the site (``section`` None) or a section: each day's, None if always open, and what is true now."""

    section: str | None
    days: list[str] | None
    outside_hours: OutsideHours
    state: Literal["open", "hold", "closed"]
    until: str | None


async def get_hours(desk: DeskRequest) -> Response:
    """Send the hours; with the form to change them, for admins who ask for it."""
    query = desk.query(HoursQuery)
    return _show(desk, section=query.section, edits=query.edit or query.section is not None)


async def send_hours(desk: DeskRequest) -> Response:
    """Save the hours of the site or of a section."""
    section = desk.fields.get("section") or None
    try:
        form = desk.form(HoursForm)
        section = read_line(form.section, pointer="/section", max_length=MAX_SECTION) if form.section else None
        if form.version != version_of(desk.site.settings):
            raise ChangedMeanwhile
        given = check_settings(_changes(desk, form, section), allow_http=True)
        sites = gate_of(desk.request).sites
        await save_settings(desk.database, sites, desk.site, given, by=desk.caller.actor, version=form.version)
    except InvalidField as problem:
        return _show(desk, section=section, edits=True, refused=refused_form(desk, problem, form="hours"))
    except ChangedMeanwhile:
        message = desk_messages(desk.locale)["hours"]["changed"]
        return _show(desk, section=section, edits=True, refused=RefusedForm("hours", "", message, 409))
    return desk.see_other(desk.path("hours"), said="hours")


def _changes(desk: DeskRequest, form: HoursForm, section: str | None) -> dict[str, Any]:
    hours = _hours(desk) if form.hours == "weekly" else None
    if section is None:
        changes: dict[str, Any] = {"opening_hours": hours}
        if form.time_zone:
            changes["time_zone"] = _time_zone(desk, form.time_zone)
        return changes | ({"outside_hours": form.outside_hours} if form.outside_hours else {})
    sections = desk.site.settings.sections
    own = msgspec.structs.replace(
        sections.get(section, SectionSettings()),
        opening_hours=UNSET if form.hours == "site" else hours,
        outside_hours=form.outside_hours or UNSET,
    )
    others = {name: each for name, each in sections.items() if name != section}
    return {"sections": others if own == SectionSettings() else {**others, section: own}}


def _time_zone(desk: DeskRequest, typed: str) -> str:
    if not is_time_zone(typed):
        raise InvalidField(desk.sentence("hours", "no_zone"), pointer="/time_zone")
    return typed


def _hours(desk: DeskRequest) -> str:
    sentences = desk_messages(desk.locale)["hours"]
    try:
        hours = hours_of([desk.fields.get(day, "") for day in DAYS])
    except InvalidDay as error:
        raise InvalidField(sentences["no_hours"], pointer=f"/{DAYS[error.day]}") from None
    if hours is None:
        raise InvalidField(sentences["never_open"], pointer="/hours")
    return hours


def _show(desk: DeskRequest, *, section: str | None, edits: bool, refused: RefusedForm | None = None) -> Response:
    now, settings = clock.now(), desk.site.settings
    own = [name for name, each in settings.sections.items() if each.opening_hours is not UNSET or each.outside_hours]
    scopes = [_shown(desk, each, now) for each in (None, *filter(desk.caller.moderates, own))]
    of_section = settings.sections.get(section or "", SectionSettings())
    hours = of_section.opening_hours if section is not None else settings.opening_hours
    return desk.page(
        "hours.html",
        status=refused.status if refused else 200,
        day_names=DAYS,
        scopes=scopes,
        section=section,
        edits=edits and desk.caller.role == "admin",
        hours="site" if hours is UNSET else "weekly" if hours else "always",
        lines=lines_of(hours) if hours else [""] * len(DAYS),
        outside_hours=(of_section.outside_hours or "") if section is not None else settings.outside_hours,
        time_zone=settings.time_zone,
        version=version_of(settings),
        said=desk.request.query_params.get("said"),
        refused=refused,
        fields=desk.fields,
    )


def _shown(desk: DeskRequest, section: str | None, now: datetime) -> Shown:
    site = desk.site
    own = site.section_settings(section)
    hours = site.settings.opening_hours if own.opening_hours is UNSET else own.opening_hours
    until = site.changes_at(now, section)
    return Shown(
        section,
        lines_of(hours) if hours else None,
        own.outside_hours or site.settings.outside_hours,
        "closed" if site.closure_at(now, section) else "hold" if site.holds_at(now, section) else "open",
        by_the_clock(until, time_zone=site.settings.time_zone, locale=desk.locale) if until else None,
    )
