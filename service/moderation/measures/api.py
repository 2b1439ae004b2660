"""HTTP endpoints for measures on readers, for bans among them, and for readers' histories."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.readers.measure_lookup import Measure
from service.conversation.readers.model import MeasureAction
from service.moderation.measures.measures_by_caller import end_own_measure, take_own_measure
from service.moderation.measures.reader_history import get_reader_history
from service.moderation.measures.reader_measures import list_measures
from service.moderation.measures.wire import (
    BanIn,
    BanOut,
    Bans,
    BansQuery,
    MeasureIn,
    MeasuresPage,
    MeasuresQuery,
    ReaderOut,
    measure_out,
)
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cursors import decode_id, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.raw_routes import json_response, path_parameter
from service.platform.problems import NotFound


async def get_measures(request: Request, caller: Caller) -> Response:
    """List the measures in force."""
    caller.require_whole_site()
    query = decode_query(request, MeasuresQuery)
    found, cursor = await _list(request, caller, query, action=query.action, reader_id=query.reader)
    page = MeasuresPage([measure_out(each) for each in found], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


async def post_measure(request: Request, caller: Caller) -> Response:
    """Ban, hold, trust or note a reader."""
    body = await decode_body(request, MeasureIn)
    measure = await _take(request, caller, body.action, body)
    return json_response(measure_out(measure), 201, {"cache-control": "no-store"})


async def remove_measure(request: Request, caller: Caller) -> Response:
    """End a measure."""
    await end_own_measure(database_of(request), caller, _id(request, "measure"))
    return Response(status_code=204)


async def get_bans(request: Request, caller: Caller) -> Response:
    """List the bans in force."""
    caller.require_whole_site()
    found, cursor = await _list(request, caller, decode_query(request, BansQuery), action="ban")
    page = Bans([_ban_out(each) for each in found], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


async def post_ban(request: Request, caller: Caller) -> Response:
    """Ban a reader, e-mail, domain or address."""
    ban = await _take(request, caller, "ban", await decode_body(request, BanIn))
    return json_response(_ban_out(ban), 201, {"cache-control": "no-store"})


async def remove_ban(request: Request, caller: Caller) -> Response:
    """End a ban."""
    await end_own_measure(database_of(request), caller, _id(request, "ban"), only="ban")
    return Response(status_code=204)


async def get_reader(request: Request, caller: Caller) -> Response:
    """Get a reader's history and the measures on them."""
    async with database_of(request).read() as connection:
        reader = await get_reader_history(connection, caller.site, _id(request, "reader"), sections=caller.own_sections)
        measures = await list_measures(connection, caller.site, reader_id=reader.id, before=None, limit=200)
    bans = [_ban_out(each) for each in measures if each.action == "ban"]
    out = ReaderOut(*reader, bans, [measure_out(each) for each in measures])
    return json_response(out, headers=PRIVATE)


async def _list(
    request: Request,
    caller: Caller,
    query: BansQuery,
    *,
    action: MeasureAction | None,
    reader_id: UUID | None = None,
) -> tuple[list[Measure], str | None]:
    """Return a page of measures, and the cursor of the next one."""
    before = decode_id(query.cursor)
    async with database_of(request).read() as connection:
        found = await list_measures(
            connection, caller.site, action=action, reader_id=reader_id, before=before, limit=query.limit + 1
        )
    cursor = encode_cursor(found[query.limit - 1].id.bytes) if len(found) > query.limit else None
    return found[: query.limit], cursor


async def _take(request: Request, caller: Caller, action: MeasureAction, body: BanIn) -> Measure:
    return await take_own_measure(
        database_of(request),
        gate_of(request).fingerprints,
        caller,
        action,
        body.kind,
        value=body.value,
        comment=body.comment,
        until=body.until,
        reason=body.reason,
    )


def _id(request: Request, name: str) -> UUID:
    try:
        return UUID(path_parameter(request, name))
    except ValueError:
        raise NotFound from None


def _ban_out(ban: Measure) -> BanOut:
    return BanOut(
        id=ban.id,
        kind=ban.kind,
        masked_value=ban.masked_value,
        reader_id=ban.reader_id,
        reason=ban.reason,
        until=ban.until,
        created_at=ban.created_at,
    )
