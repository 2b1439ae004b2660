"""HTTP endpoints for closures: close a site or many threads, undo that, list closures."""

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.closures.close_site import close_site, reopen_site
from service.conversation.closures.close_threads import close_threads, reopen_threads
from service.conversation.closures.closure_lookup import ThreadFilter, count_open, find_closure, list_closures
from service.conversation.closures.wire import CloseOut, Closures, ClosuresQuery, SiteCloseIn, SiteReopenIn
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cursors import decode_id, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.raw_routes import json_response
from service.platform.problems import InvalidField
from service.platform.text.field_types import read_line

NO_STORE = {"cache-control": "no-store"}


async def post_site_close(request: Request, caller: Caller) -> Response:
    """Close the whole site, or the open threads that match a filter; a dry run only counts them."""
    body, site, database = await decode_body(request, SiteCloseIn, optional=True), caller.site, database_of(request)
    reason = read_line(body.reason, pointer="/reason", max_length=500) if body.reason else None
    now, criteria = clock.now(), ThreadFilter(body.section, body.published_before, body.quiet_since)
    if body.until is not None and body.until <= now:
        raise InvalidField("“until” must be in the future.", pointer="/until")
    _require_permitted(caller, body.section)
    until, by = body.until, caller.actor
    if not body.dry_run and not criteria.is_whole_site:
        closed = await close_threads(database, site, criteria, reason=reason, until=until, by=by)
        return json_response(CloseOut(closed.threads, closed), headers=NO_STORE)
    async with database.read() as connection:
        threads = await count_open(connection, site, criteria, now=now)
    if body.dry_run:
        return json_response(CloseOut(threads, None), headers=NO_STORE)
    async with database.write() as connection:
        closed = await close_site(connection, site.slug, reason=reason, until=until, threads=threads, by=by)
    gate_of(request).sites.evict(site.slug)
    return json_response(CloseOut(closed.threads, closed), headers=NO_STORE)


async def post_site_reopen(request: Request, caller: Caller) -> Response:
    """Undo one closure: by default that of the whole site."""
    body, site, database = await decode_body(request, SiteReopenIn, optional=True), caller.site, database_of(request)
    if body.id is not None:
        async with database.read() as connection:
            closure = await find_closure(connection, site.id, body.id)
        caller.require_section(closure.section)
        if closure.scope == "threads":
            return json_response(await reopen_threads(database, site, closure, by=caller.actor), headers=NO_STORE)
    caller.require_whole_site()
    async with database.write() as connection:
        ended = await reopen_site(connection, site.slug, body.id, by=caller.actor)
    gate_of(request).sites.evict(site.slug)
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


def _require_permitted(caller: Caller, section: str | None) -> None:
    """Check that the caller may close these threads: those of one section, or of the whole site."""
    if section is None:
        caller.require_whole_site()
    else:
        caller.require_section(section)
