"""HTTP endpoints for bans and for readers' history."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.readers.ban_lookup import Ban
from service.moderation.bans.ban_reader import (
    create_ban,
    end_ban,
    list_bans,
    require_reader,
    target_from_comment,
    target_of,
)
from service.moderation.bans.reader_history import get_reader_history
from service.moderation.bans.wire import BanIn, BanOut, Bans, BansQuery, ReaderOut
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cursors import decode_id, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.raw_routes import json_response, path_parameter
from service.platform.problems import InvalidField, NotFound
from service.platform.text.field_types import read_line


async def get_bans(request: Request, caller: Caller) -> Response:
    """List the bans in force."""
    query = decode_query(request, BansQuery)
    before = decode_id(query.cursor)
    async with database_of(request).read() as connection:
        bans = await list_bans(connection, caller.site, before=before, limit=query.limit + 1)
    cursor = encode_cursor(bans[query.limit - 1].id.bytes) if len(bans) > query.limit else None
    page = Bans([_out(each) for each in bans[: query.limit]], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


async def post_ban(request: Request, caller: Caller) -> Response:
    """Ban a reader, e-mail, domain or address."""
    body, site, fingerprints = await decode_body(request, BanIn), caller.site, gate_of(request).fingerprints
    if (body.value is None) == (body.comment is None):
        raise InvalidField("Give either “value” or “comment”.", pointer="/value")
    reason = read_line(body.reason, pointer="/reason", max_length=500) if body.reason else None
    async with database_of(request).write() as connection:
        if body.comment is not None:
            target = await target_from_comment(connection, fingerprints, site, body.kind, body.comment)
        else:
            target = target_of(
                fingerprints, site, body.kind, read_line(body.value or "", pointer="/value", max_length=254)
            )
            await require_reader(connection, site, target)
        new = await create_ban(connection, site, target, until=body.until, reason=reason, by=caller.actor)
    return json_response(_out(new), 201, {"cache-control": "no-store"})


async def remove_ban(request: Request, caller: Caller) -> Response:
    """End a ban."""
    async with database_of(request).write() as connection:
        await end_ban(connection, caller.site, _id(request, "ban"), by=caller.actor)
    return Response(status_code=204)


async def get_reader(request: Request, caller: Caller) -> Response:
    """Get a reader's history and bans."""
    async with database_of(request).read() as connection:
        reader = await get_reader_history(connection, caller.site, _id(request, "reader"))
        bans = await list_bans(connection, caller.site, reader_id=reader.id, before=None, limit=200)
    return json_response(ReaderOut(*reader, [_out(each) for each in bans]), headers=PRIVATE)


def _id(request: Request, name: str) -> UUID:
    try:
        return UUID(path_parameter(request, name))
    except ValueError:
        raise NotFound from None


def _out(ban: Ban) -> BanOut:
    return BanOut(
        id=ban.id,
        kind=ban.kind,
        masked_value=ban.masked_value,
        reader_id=ban.reader_id,
        reason=ban.reason,
        until=ban.until,
        created_at=ban.created_at,
    )
