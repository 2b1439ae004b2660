"""The event log over HTTP."""

from starlette.requests import Request
from starlette.responses import Response

from service.integrations.event_log.event_texts import add_texts
from service.integrations.event_log.wire import Events, EventsQuery
from service.platform.events.read_log import head_position, read_events
from service.platform.http.app_state import database_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_query
from service.platform.http.raw_routes import json_response
from service.platform.metrics import LOG_READ
from service.platform.sites.site_lookup import HasSite


async def get_events(request: Request, caller: HasSite) -> Response:
    """List the events after a position."""
    query = decode_query(request, EventsQuery)
    async with database_of(request).read() as connection:
        logged = await read_events(connection, caller.site.id, after=query.after, limit=query.limit)
        events = await add_texts(connection, logged)
        head = await head_position(connection, caller.site.id)
    following = events[-1].position if events else query.after
    LOG_READ.labels(caller.site.slug).set(following)
    headers = {**PRIVATE}
    if following < head:
        headers["link"] = f'<?after={following}&limit={query.limit}>; rel="next"'
    return json_response(Events(events, following, head), headers=headers)
