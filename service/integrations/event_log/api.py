"""The event log over HTTP."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.comment_pages import MAX_PAGE_BYTES
from service.integrations.event_log.event_texts import add_texts
from service.integrations.event_log.wire import EventOut, Events, EventsQuery
from service.platform.events.read_log import head_position, read_events
from service.platform.http.app_state import database_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_query
from service.platform.http.raw_routes import json_response
from service.platform.metrics import LOG_READ
from service.platform.sites.site_lookup import HasSite

READ_AT_ONCE = 25  # events; few are read in vain when a page is full


async def get_events(request: Request, caller: HasSite) -> Response:
    """List the events after a position."""
    query = decode_query(request, EventsQuery)
    async with database_of(request).read() as connection:
        events = await _read_page(connection, caller.site.id, after=query.after, limit=query.limit)
        head = await head_position(connection, caller.site.id)
    following = events[-1].position if events else query.after
    LOG_READ.labels(caller.site.slug).set(following)
    headers = {**PRIVATE}
    if following < head:
        headers["link"] = f'<?after={following}&limit={query.limit}>; rel="next"'
    return json_response(Events(events, following, head), headers=headers)


async def _read_page(connection: AsyncConnection, site_id: int, *, after: int, limit: int) -> list[EventOut]:
    """Return at most ``limit`` events and :data:`MAX_PAGE_BYTES` of data, but at least one event if there is any."""
    events: list[EventOut] = []
    size = 0
    while len(events) < limit:
        asked = min(limit - len(events), READ_AT_ONCE)
        logged = await read_events(connection, site_id, after=after, limit=asked)
        for each in await add_texts(connection, logged):
            size += len(memoryview(each.data))
            if events and size > MAX_PAGE_BYTES:
                return events
            events.append(each)
            after = each.position
        if len(logged) < asked:
            break
        await asyncio.sleep(0)  # SQLite's reads do not let other requests run
    return events
