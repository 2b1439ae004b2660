"""A thread as it happens, over HTTP: server-sent events (WHATWG HTML, section 9.2)."""

import re
from collections.abc import AsyncIterator

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service import clock
from service.access.caller import Caller
from service.access.limiting import address_of
from service.events.reading import head_position
from service.live.facts import Told, told_anew
from service.live.following import Following
from service.live.joining import read_since, sequence_at
from service.live.streams import Stream
from service.live.wire import RETRY, StreamQuery, encode_position
from service.storage.engine import Database, database_of
from service.threads.api import article_of, locale_of
from service.threads.finding import find_thread, visible
from service.threads.wire import thread_out
from service.web.decoding import decode_query
from service.web.problems import Busy, InvalidHeader
from service.web.watching import outlasts

PING_SECONDS = 15
PING = ServerSentEvent(comment="", sep="\n")
SEND_SECONDS = 30.0  # a client that takes nothing for so long is gone
STOP_SECONDS = 5.0
MOST_MISSED = 1_000
_POSITION = re.compile(r"\d{1,18}", re.ASCII)

log = structlog.get_logger("onereply.live")


async def get_stream(request: Request, caller: Caller) -> Response:
    """What happens to a thread, from where the client says that it has come to, or from now on."""
    site, article, locale = caller.site, article_of(request), locale_of(request, caller)
    query, last_event, now = decode_query(request, StreamQuery), _last_event(request), clock.now()
    async with database_of(request).read() as connection:
        thread = visible(await find_thread(connection, site.id, article), to_staff=False, now=now)
        position = await head_position(connection, site.id)
        sequence = thread.sequence if query.sequence is None else min(query.sequence, thread.sequence)
        if last_event is not None:
            sequence = await sequence_at(connection, thread.id, last_event)
    headers = {"content-language": locale, "vary": "Accept-Language"}
    if request.method == "HEAD":
        return Response(headers={"cache-control": "no-store", **headers}, media_type="text/event-stream")
    anew = None
    if thread.sequence - sequence > MOST_MISSED:
        out, sequence = thread_out(thread, site, locale=locale, now=now), thread.sequence
        anew = told_anew(out, thread_id=thread.id, position=position)
    stream = Stream(site, thread.id, sequence=sequence, locale=locale, address=address_of(request))
    following: Following = request.app.state.following
    await following.join(stream)
    return StreamResponse(_messages(database_of(request), stream, anew), stream, following, headers=headers)


class StreamResponse(EventSourceResponse):
    """The answer that goes on as long as the client listens; then its stream leaves."""

    def __init__(
        self, messages: AsyncIterator[bytes], stream: Stream, following: Following, *, headers: dict[str, str]
    ) -> None:
        super().__init__(
            messages,
            headers=headers,
            ping=PING_SECONDS,
            ping_message_factory=lambda: PING,
            send_timeout=SEND_SECONDS,
            shutdown_event=following.stopping,
            shutdown_grace_period=STOP_SECONDS,
        )
        self._stream, self._following = stream, following

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until either side ends it."""
        outlasts(scope)
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("stream-stalled")
        finally:
            self._following.leave(self._stream)


def _last_event(request: Request) -> int | None:
    """The position of the log that the client has come to."""
    given = request.headers.get("last-event-id")
    if not given:
        return None
    if not _POSITION.fullmatch(given):
        raise InvalidHeader("It must be the id of a message that was sent here.", header="Last-Event-ID")
    return int(given)


async def _messages(database: Database, stream: Stream, anew: Told | None) -> AsyncIterator[bytes]:
    """What happened meanwhile, or ``anew`` where that was too much to send; then what happens."""
    yield RETRY
    if anew:
        yield anew.in_(stream.locale)
    has_more = True
    while has_more and not stream.ended:
        try:
            async with database.read() as connection:
                told, come_to = await read_since(connection, stream.thread_id, after=stream.sequence)
                position = await head_position(connection, stream.site.id)
        except (Busy, SQLAlchemyError) as error:
            log.warning("stream-cut-off", error=repr(error))  # the client comes back
            return
        has_more, stream.sequence = come_to > stream.sequence, come_to
        if told:
            yield stream.encoded(told)
    if not stream.ended:
        yield encode_position(position)
    while told := await stream.next():
        yield stream.encoded(told)
