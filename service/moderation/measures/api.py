"""HTTP endpoints for measures on readers, for bans among them, and for readers' histories."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from service.conversation.readers.measure_lookup import Measure
from service.conversation.readers.model import MeasureAction
from service.moderation.measures.measure_targets import Target, require_reader, target_from_comment, target_of
from service.moderation.measures.reader_history import get_reader_history
from service.moderation.measures.reader_measures import (
    end_measure,
    list_measures,
    require_measure_in_sections,
    take_measure,
)
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
from service.platform.problems import InvalidField, NotFound
from service.platform.text.field_types import read_line


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
    await _end(request, caller, _id(request, "measure"), only=None)
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
    await _end(request, caller, _id(request, "ban"), only="ban")
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
    if (body.value is None) == (body.comment is None):
        raise InvalidField("Give either “value” or “comment”.", pointer="/value")
    if body.comment is None:
        caller.require_whole_site()
    reason = read_line(body.reason, pointer="/reason", max_length=500) if body.reason else None
    async with database_of(request).write() as connection:
        target = await _target(request, connection, caller, body)
        return await take_measure(
            connection, caller.site, action, target, until=body.until, reason=reason, by=caller.actor
        )


async def _end(request: Request, caller: Caller, measure_id: UUID, *, only: MeasureAction | None) -> None:
    async with database_of(request).write() as connection:
        if caller.own_sections is not None:
            await require_measure_in_sections(connection, caller.site, measure_id, sections=caller.own_sections)
        await end_measure(connection, caller.site, measure_id, only=only, by=caller.actor)


async def _target(request: Request, connection: AsyncConnection, caller: Caller, body: BanIn) -> Target:
    site, fingerprints = caller.site, gate_of(request).fingerprints
    if body.comment is not None:
        return await target_from_comment(
            connection, fingerprints, site, body.kind, body.comment, sections=caller.own_sections
        )
    target = target_of(fingerprints, site, body.kind, read_line(body.value or "", pointer="/value", max_length=254))
    await require_reader(connection, site, target)
    return target


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
