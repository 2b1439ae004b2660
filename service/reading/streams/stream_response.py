"""The response that carries a live stream: the missed events, then live ones, with pings and time-outs."""

from collections.abc import AsyncIterator
from functools import partial

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from service.platform.http.request_log import measure_to_first_byte
from service.platform.problems import Busy
from service.reading.streams.catch_up import read_missed
from service.reading.streams.log_follower import LogFollower
from service.reading.streams.reader_events import ReaderEvent
from service.reading.streams.shared_reads import SharedReads
from service.reading.streams.stream_buffer import Stream
from service.reading.streams.wire import RETRY, encode_position

PING_SECONDS = 15
PING = ServerSentEvent(comment="", sep="\n")
SEND_TIMEOUT_SECONDS = 30.0  # a client that reads nothing for this long is disconnected
SHUTDOWN_SECONDS = 5.0

log = structlog.get_logger("onereply.live")


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


async def _messages(stream: Stream, reads: SharedReads, reload: ReaderEvent | None) -> AsyncIterator[bytes]:
    """Yield the missed events, or ``reload`` if there were too many; then yield live events."""
    yield RETRY
    if reload:
        yield reload.message_in(stream.locale)
    has_more = True
    while has_more and not stream.ended:
        after = stream.sequence
        read = partial(read_missed, site=stream.site, thread_id=stream.thread_id, after=after)
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
