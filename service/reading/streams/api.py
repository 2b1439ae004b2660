"""The live stream of a thread: server-sent events (WHATWG HTML, section 9.2)."""

import re
from collections.abc import AsyncIterator
from functools import partial

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.conversation.threads.wire import thread_out
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import state_of
from service.platform.http.decode import decode_query
from service.platform.http.path_ids import article_of
from service.platform.http.request_log import measure_to_first_byte
from service.platform.http.request_origin import client_network, locale_of
from service.platform.problems import Busy, InvalidHeader
from service.reading.streams import catch_up
from service.reading.streams.catch_up import find_start, read_missed
from service.reading.streams.log_follower import LogFollower, StreamState
from service.reading.streams.reader_events import ReaderEvent, reload_event
from service.reading.streams.shared_reads import SharedReads
from service.reading.streams.stream import Stream
from service.reading.streams.wire import RETRY, StreamQuery, encode_position

PING_SECONDS = 15
PING = ServerSentEvent(comment="", sep="\n")
SEND_TIMEOUT_SECONDS = 30.0  # a client that reads nothing for this long is disconnected
SHUTDOWN_SECONDS = 5.0
_POSITION = re.compile(r"\d{1,18}", re.ASCII)

log = structlog.get_logger("onereply.live")


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
        reload = reload_event(out, thread_id=thread.id, position=start.position)
    stream = Stream(site, thread.id, sequence=sequence, locale=locale, address=client_network(request))
    await log_follower.join(stream)
    return StreamResponse(stream, log_follower, reload, headers=headers)


class StreamResponse(EventSourceResponse):
    """A stream response, which lasts until the client or the server ends it."""

    def __init__(
        self, stream: Stream, log_follower: LogFollower, reload: ReaderEvent | None, *, headers: dict[str, str]
    ) -> None:
        super().__init__(
            _messages(stream, log_follower.reads, reload),
            headers=headers,
            ping=PING_SECONDS,
            ping_message_factory=lambda: PING,
            send_timeout=SEND_TIMEOUT_SECONDS,
            shutdown_event=log_follower.stopping,
            shutdown_grace_period=SHUTDOWN_SECONDS,
        )
        self._stream, self._log_follower = stream, log_follower

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until either side ends the stream."""
        measure_to_first_byte(scope)
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("stream-send-timeout")
        finally:
            self._log_follower.leave(self._stream)


def _last_event(request: Request) -> int | None:
    """Return the log position in ``Last-Event-ID``; raises InvalidHeader."""
    position = request.headers.get("last-event-id")
    if not position:
        return None
    if not _POSITION.fullmatch(position):
        raise InvalidHeader("“Last-Event-ID” must be the id of an event of this stream.", header="Last-Event-ID")
    return int(position)


async def _messages(stream: Stream, reads: SharedReads, reload: ReaderEvent | None) -> AsyncIterator[bytes]:
    """Yield the missed events, or ``reload`` if there were too many; then yield live events."""
    yield RETRY
    if reload:
        yield reload.message_in(stream.locale)
    has_more = True
    while has_more and not stream.ended:
        after = stream.sequence
        read = partial(read_missed, site_id=stream.site.id, thread_id=stream.thread_id, after=after)
        try:
            missed = await reads.shared(("missed", stream.thread_id, after), read)
        except Busy as error:
            log.info("stream-aborted", cause=error.cause)  # the client reconnects
            return
        has_more, stream.sequence = missed.sequence > after, missed.sequence
        if missed.events:
            yield stream.encoded(missed.events)
        if not has_more:
            yield encode_position(missed.position)
    while events := await stream.next():
        yield stream.encoded(events)
