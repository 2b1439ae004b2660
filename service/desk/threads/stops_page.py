"""Stops of comments: of the site, a section or old threads; counted first, then confirmed, and undone by a button."""

from uuid import UUID

from starlette.responses import Response

from service.conversation.closures.closure_lookup import ThreadFilter, list_in_force
from service.conversation.closures.stop_comments import count_stopped, stop_comments, undo_stop
from service.desk.forms.refused_forms import RefusedForm, refused_form
from service.desk.forms.site_times import read_time
from service.desk.sign_in.desk_request import DeskRequest
from service.platform.http.app_state import gate_of
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import InvalidField, NotFound
from service.platform.sites.sections import MAX_SECTION
from service.platform.text.field_types import read_line

MAX_LISTED = 200


async def get_stops(desk: DeskRequest) -> Response:
    """Send the closures in force, and the form for another one."""
    return await _show(desk)


async def send_stop(desk: DeskRequest) -> Response:
    """Show how many threads the form would close; once that is confirmed, close them."""
    try:
        criteria = ThreadFilter(
            _line(desk, "section", MAX_SECTION), read_time(desk, "published_before"), read_time(desk, "quiet_since")
        )
        until, reason = read_time(desk, "until", in_future=True), _line(desk, "reason", 500)
        threads = await count_stopped(desk.database, desk.caller, criteria, until=until)
        if desk.fields.get("confirmed") != _written(criteria):
            return await _show(desk, criteria=criteria, threads=threads)
        closed = await stop_comments(desk.database, desk.caller, criteria, reason=reason, until=until)
    except InvalidField as problem:
        return await _show(desk, refused=refused_form(desk, problem, form="stop"))
    gate_of(desk.request).sites.evict(desk.site.slug)
    return desk.see_other(desk.path("stops"), stopped=str(closed.threads))


async def send_stop_end(desk: DeskRequest) -> Response:
    """Undo a closure; one that has ended already stays as it is."""
    try:
        closure_id = UUID(path_parameter(desk.request, "closure"))
    except ValueError:
        raise NotFound from None
    await undo_stop(desk.database, desk.caller, closure_id)
    gate_of(desk.request).sites.evict(desk.site.slug)
    return desk.see_other(desk.path("stops"), said="undone")


async def _show(
    desk: DeskRequest,
    *,
    criteria: ThreadFilter | None = None,
    threads: int = 0,
    refused: RefusedForm | None = None,
) -> Response:
    async with desk.database.read() as connection:
        closures = await list_in_force(connection, desk.site, sections=desk.caller.own_sections, limit=MAX_LISTED)
    stopped = desk.request.query_params.get("stopped", "")
    return desk.page(
        "stops.html",
        status=refused.status if refused else 200,
        closures=closures,
        criteria=criteria,
        confirmed=_written(criteria) if criteria else None,
        threads=threads,
        own_sections=desk.caller.own_sections,
        sections=desk.caller.own_sections or tuple(desk.site.settings.sections),
        stopped=int(stopped) if stopped.isdecimal() and len(stopped) < 10 else None,
        said=desk.request.query_params.get("said"),
        refused=refused,
        fields=desk.fields,
    )


def _line(desk: DeskRequest, name: str, max_length: int) -> str | None:
    typed = desk.fields.get(name, "")
    return read_line(typed, pointer=f"/{name}", max_length=max_length) if typed.strip() else None


def _written(criteria: ThreadFilter) -> str:
    """Write the filter that a moderator confirms: another one is counted first."""
    times = (each.isoformat() if each else "" for each in (criteria.published_before, criteria.quiet_since))
    return "|".join([criteria.section or "", *times])
