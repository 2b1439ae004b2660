"""The live stream of a thread: server-sent events (WHATWG HTML, section 9.2)."""

import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.threads.wire import thread_out
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import gate_of, state_of
from service.platform.http.decode import decode_query
from service.platform.http.path_ids import article_of
from service.platform.http.request_origin import client_network, locale_of
from service.platform.problems import InvalidHeader
from service.reading.streams import catch_up
from service.reading.streams.catch_up import find_start
from service.reading.streams.log_follower import StreamState
from service.reading.streams.reader_events import reload_event
from service.reading.streams.stream_buffer import Stream
from service.reading.streams.stream_response import StreamResponse
from service.reading.streams.wire import StreamQuery

ANY_SITE = 0  # an address has one limit of streams for all sites
_POSITION = re.compile(r"\d{1,18}", re.ASCII)


async def get_stream(request: Request, caller: Caller) -> Response:
    """Stream a thread's changes since the client's last event, or from now on."""
    site, article, locale = caller.site, article_of(request), locale_of(request, caller)
    known_sequence, last_event = decode_query(request, StreamQuery).sequence, _last_event(request)
    log_follower = state_of(request, StreamState).log_follower
    find = partial(find_start, site_id=site.id, article=article, known_sequence=known_sequence, last_event=last_event)
    start = await log_follower.reads.shared(("start", site.id, article, known_sequence, last_event), find)
    headers = {"content-language": locale, "vary": "Accept-Language"}
    if request.method == "HEAD":
        return Response(headers={"cache-control": "no-store", **headers}, media_type="text/event-stream")
    thread, sequence, reload = start.thread, start.sequence, None
    if thread.sequence - sequence > catch_up.MAX_MISSED:
        out, sequence = thread_out(thread, site, locale=locale, now=clock.now()), thread.sequence
        reload = reload_event(out, site, thread_id=thread.id, position=start.position)
    network = client_network(request)
    client = gate_of(request).fingerprints.of_client(ANY_SITE, network) if network else None
    stream = Stream(site, thread.id, sequence=sequence, locale=locale, client=client)
    await log_follower.join(stream)
    return StreamResponse(stream, log_follower, reload, headers=headers)


def _last_event(request: Request) -> int | None:
    """Return the log position in ``Last-Event-ID``; raises InvalidHeader."""
    position = request.headers.get("last-event-id")
    if not position:
        return None
    if not _POSITION.fullmatch(position):
        raise InvalidHeader("“Last-Event-ID” must be the id of an event of this stream.", header="Last-Event-ID")
    return int(position)
