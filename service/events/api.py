"""The log over HTTP."""

from starlette.requests import Request
from starlette.responses import Response

from service.events.reading import head_position, read_events
from service.events.wire import Events, EventsQuery
from service.sites.finding import OfSite
from service.storage.engine import database_of
from service.web.conditional import PRIVATE
from service.web.decoding import decode_query
from service.web.measuring import LOG_TOLD
from service.web.routing import json_response


async def get_events(request: Request, caller: OfSite) -> Response:
    """The events that follow a position."""
    query = decode_query(request, EventsQuery)
    async with database_of(request).read() as connection:
        events = await read_events(connection, caller.site.id, after=query.after, limit=query.limit)
        head = await head_position(connection, caller.site.id)
    following = events[-1].position if events else query.after
    LOG_TOLD.labels(caller.site.slug).set(following)
    headers = {**PRIVATE}
    if following < head:
        headers["link"] = f'<?after={following}&limit={query.limit}>; rel="next"'
    return json_response(Events(events, following, head), headers=headers)
