"""The event log over HTTP."""

import asyncio
from urllib.parse import quote

from sqlalchemy import ColumnElement, exists
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.comment_pages import MAX_PAGE_BYTES
from service.conversation.threads.model import ThreadRow
from service.integrations.event_log.event_texts import add_texts
from service.integrations.event_log.wire import EventOut, Events, EventsQuery
from service.platform.events.model import EventRow
from service.platform.events.read_log import head_position, read_events
from service.platform.http.app_state import database_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_query
from service.platform.http.raw_routes import json_response
from service.platform.metrics import LOG_READ
from service.platform.sites.site_lookup import HasSite

READ_AT_ONCE = 25  # events; few are read in vain when a page is full
MAX_SEARCHED = 10_000  # events, to find those of a section


async def get_events(request: Request, caller: HasSite) -> Response:
    """List the events after a position."""
    query = decode_query(request, EventsQuery)
    async with database_of(request).read() as connection:
        head = await head_position(connection, caller.site.id)
        events, following = await _read_page(connection, caller.site.id, query, head=head)
    head = max(head, following)
    LOG_READ.labels(caller.site.slug).set(following)
    headers = {**PRIVATE}
    if following < head:
        section = f"&section={quote(query.section)}" if query.section else ""
        headers["link"] = f'<?after={following}&limit={query.limit}{section}>; rel="next"'
    return json_response(Events(events, following, head), headers=headers)


async def _read_page(
    connection: AsyncConnection, site_id: int, query: EventsQuery, *, head: int
) -> tuple[list[EventOut], int]:
    """Return at most ``limit`` events and :data:`MAX_PAGE_BYTES` of data, and the position to continue from.

    There is at least one event if there is any. Of a section, there may be none among the next :data:`MAX_SEARCHED`.
    """
    events: list[EventOut] = []
    after, size = query.after, 0
    last = min(head, after + MAX_SEARCHED)
    matching = () if query.section is None else (EventRow.position <= last, _is_in(query.section))
    while len(events) < query.limit:
        asked = min(query.limit - len(events), READ_AT_ONCE)
        logged = await read_events(connection, site_id, after=after, limit=asked, matching=matching)
        for each in await add_texts(connection, logged):
            size += len(memoryview(each.data))
            if events and size > MAX_PAGE_BYTES:
                return events, after
            events.append(each)
            after = each.position
        if len(logged) < asked:
            return events, max(last, after) if matching else after
        await asyncio.sleep(0)  # SQLite's reads do not let other requests run
    return events, after


def _is_in(section: str) -> ColumnElement[bool]:
    """Return the condition that an event is of a thread that is in the section now."""
    return exists().where(ThreadRow.id == EventRow.thread_id, ThreadRow.section == section)
