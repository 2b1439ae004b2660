"""HTTP endpoints for closures: close a site or many threads, undo that, list closures."""

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.closures.closure_lookup import ThreadFilter, list_closures
from service.conversation.closures.stop_comments import count_stopped, stop_comments, undo_stop
from service.conversation.closures.wire import CloseOut, Closures, ClosuresQuery, SiteCloseIn, SiteReopenIn
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cursors import decode_id, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.raw_routes import json_response
from service.platform.text.field_types import read_line

NO_STORE = {"cache-control": "no-store"}


async def post_site_close(request: Request, caller: Caller) -> Response:
    """Close the whole site, or the open threads that match a filter; a dry run only counts them."""
    body, database = await decode_body(request, SiteCloseIn, optional=True), database_of(request)
    reason = read_line(body.reason, pointer="/reason", max_length=500) if body.reason else None
    criteria = ThreadFilter(body.section, body.published_before, body.quiet_since)
    if body.dry_run:
        threads = await count_stopped(database, caller, criteria, until=body.until)
        return json_response(CloseOut(threads, None), headers=NO_STORE)
    closed = await stop_comments(database, caller, criteria, reason=reason, until=body.until)
    gate_of(request).sites.evict(caller.site.slug)
    return json_response(CloseOut(closed.threads, closed), headers=NO_STORE)


async def post_site_reopen(request: Request, caller: Caller) -> Response:
    """Undo one closure: by default that of the whole site."""
    body = await decode_body(request, SiteReopenIn, optional=True)
    ended = await undo_stop(database_of(request), caller, body.id)
    gate_of(request).sites.evict(caller.site.slug)
    return json_response(ended, headers=NO_STORE)


async def get_closures(request: Request, caller: Caller) -> Response:
    """List the site's closures, the newest first."""
    query = decode_query(request, ClosuresQuery)
    before, sections = decode_id(query.cursor), caller.own_sections
    async with database_of(request).read() as connection:
        found = await list_closures(connection, caller.site, sections=sections, before=before, limit=query.limit + 1)
    cursor = encode_cursor(found[query.limit - 1].id.bytes) if len(found) > query.limit else None
    page = Closures(found[: query.limit], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})
