"""Limits of a connection that Uvicorn does not have: on slow, silent, oversized and pipelined requests.

*Why*: each is a way to hold memory, descriptors or the event loop for ever at the cost of a few bytes.

- A request head has :data:`HEAD_SECONDS` and :data:`MAX_HEAD_BYTES`.
- The framing of a body has :data:`MAX_FRAMING_BYTES`: sizes and extensions of chunks, and trailers. Trailers are
  dropped: they must not become headers of the request (RFC 9110, section 6.5.1).
- The rest of a body has :data:`DRAIN_BYTES` from the start of the response, and :data:`DRAIN_SECONDS` after its end.
- A client that reads less than :data:`MIN_BYTES_READ` in :data:`WRITE_SECONDS` is disconnected.
- Each connection is parsed in small turns (:class:`PacedProtocol`).
"""

from asyncio import TimerHandle, Transport
from typing import ClassVar, Literal

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.platform.http.app_state import ServiceApp
from service.platform.http.connection_limits import ConnectionLimits, unread_bytes
from service.platform.http.lazy_deadline import Deadline
from service.platform.http.paced_protocol import PacedProtocol
from service.platform.http.problem_responses import raw_problem
from service.platform.problems import Busy, ContentTooLarge, HeadersTooLarge, Problem, RequestTimeout, UriTooLong

HEAD_SECONDS = 10.0
MAX_TARGET_BYTES = 8 * 1024
MAX_HEAD_BYTES = 32 * 1024
MAX_FRAMING_BYTES = 256 * 1024
DRAIN_SECONDS = 5.0
DRAIN_BYTES = 256 * 1024
WRITE_SECONDS = 20.0
MIN_BYTES_READ = 10 * 1024
MAX_UNSENT = 16 * 1024


class LimitedProtocol(PacedProtocol):
    """Uvicorn's HTTP/1.1 protocol with the limits above; ``connection_limits`` are those of the process.

    ``_stage`` is the part of a request that is expected: none between requests, its head, its body, or nothing more
    before the response is complete.
    """

    connection_limits: ClassVar[ConnectionLimits] = ConnectionLimits()

    _stage: Literal["idle", "head", "body", "response"] = "idle"
    _waits = False
    _deadline: Deadline
    _write_deadline: TimerHandle | None = None
    _refusal: Problem | None = None
    _answered: RequestResponseCycle | None = None  # the request that is being answered
    _is_draining = False
    _head_bytes = _piece_bytes = _framing_bytes = _drained_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # a server's is never less
        """Count the connection and start the timeout of the first request head."""
        super().connection_made(transport)
        self._deadline = Deadline(self.loop, self._time_out)
        transport.set_write_buffer_limits(high=MAX_UNSENT, low=0)  # so that all is sent when writing resumes
        if not self.connection_limits.add(self, self.client[0] if self.client else None):
            self._refuse(Busy(retry_after_seconds=5))
            return
        self._deadline.set(HEAD_SECONDS)
        self._set_stage("head")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting the connection and cancel its timeouts."""
        self.connection_limits.remove(self)
        self._deadline.cancel()
        self._cancel_write_deadline()
        self._unparsed = b""
        if self._answered and not self._answered.response_complete:
            self._answered.disconnected = True  # Uvicorn tells only the last of pipelined requests
            self._answered.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def abort(self) -> None:
        """End the connection at once, to make room for another."""
        self.transport.abort()

    def _parse_piece(self, piece: bytes) -> None:
        if self._stage == "idle":
            self._stage, self._head_bytes = "head", 0
        self._head_bytes += len(piece)
        self._piece_bytes = len(piece)
        if self._stage == "body" and self.cycle.response_started:
            self._drained_bytes += len(piece)
        super()._parse_piece(piece)
        if self.transport.is_closing():
            return
        if self._stage == "head":
            if not self._deadline.is_set:
                self._deadline.set(HEAD_SECONDS)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(HeadersTooLarge())
        elif self._stage == "body":
            self._framing_bytes += len(piece)
            self._limit_body()

    def _limit_body(self) -> None:
        if self._drained_bytes > DRAIN_BYTES:
            self._close()
        elif self._framing_bytes > MAX_FRAMING_BYTES:
            if self.pipeline or self.cycle.response_started:
                self._close()
            else:
                self._refuse(ContentTooLarge("Its chunks are too small, or their extensions or trailers too long."))

    def on_message_begin(self) -> None:
        """Start the byte count of the next head; its timeout starts if it does not end in the same piece."""
        self._deadline.clear()
        self._stage = "head"
        self._head_bytes = self._piece_bytes
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Refuse a target that is too long; the parser turns the exception into an invalid request."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET_BYTES:
            self._refusal = UriTooLong()
            raise ValueError

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        self._framing_bytes -= len(body)  # the piece that it is in is added when all of it is parsed
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Pass the request on, unless its headers are too large."""
        self._deadline.clear()
        self._stage = "body"
        self._framing_bytes = self._drained_bytes = 0
        if (
            self._head_bytes > MAX_HEAD_BYTES
            and sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD_BYTES
        ):
            self._refusal = HeadersTooLarge()
            raise ValueError
        super().on_headers_complete()
        self.headers = []  # of trailers, which no request gets

    def on_message_complete(self) -> None:
        """Wait for the response, or if it is complete for the next request."""
        super().on_message_complete()
        if not self._is_draining:
            self._set_stage("response")
            return
        self._is_draining = False
        self._set_idle()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def on_response_complete(self) -> None:
        """Continue with the next request; if this one's body is incomplete, limit its rest."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._close()
            return
        if not self.cycle.response_complete:  # another request is parsed already
            return
        if self._stage == "body":
            self._is_draining = True
            self._deadline.set(DRAIN_SECONDS)
        elif self._stage == "response":
            self._set_idle()

    def pause_writing(self) -> None:
        """Start the timeout of a client that does not read."""
        super().pause_writing()
        self._start_write_deadline()
        self._note_waiting()

    def resume_writing(self) -> None:
        """Cancel the timeout: everything is sent."""
        self._cancel_write_deadline()
        super().resume_writing()
        self._note_waiting()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        self._close()

    def shutdown(self) -> None:
        """Close the connection, or let the request in progress finish first."""
        super().shutdown()
        if self.transport.is_closing():
            self._close()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that can't be parsed or was refused during parsing."""
        if self._refusal:
            self._refuse(self._refusal)
        else:
            super().send_400_response(msg)

    def _set_idle(self) -> None:
        self._deadline.clear()
        self._set_stage("idle")

    def _set_stage(self, stage: Literal["idle", "head", "body", "response"]) -> None:
        self._stage = stage
        self._note_waiting()

    def _note_waiting(self) -> None:
        waits = self._stage != "response" or self.flow.write_paused
        if waits != self._waits:
            self._waits = waits
            self.connection_limits.set_waiting(self, waits)

    def _time_out(self) -> None:
        if self._unparsed:  # the client has sent more than was parsed
            self._deadline.set(HEAD_SECONDS)
            return
        if self._stage == "head" and self._head_bytes and not self.transport.is_closing():
            self._refuse(RequestTimeout())
        self._close()

    def _start_write_deadline(self) -> None:
        self._cancel_write_deadline()
        self._write_deadline = self.loop.call_later(WRITE_SECONDS, self._check_read, unread_bytes(self.transport))

    def _cancel_write_deadline(self) -> None:
        if self._write_deadline:
            self._write_deadline.cancel()

    def _check_read(self, unread_before: int) -> None:
        """Disconnect a client that has read too little since the last check."""
        unread = unread_bytes(self.transport)
        if unread_before - unread < MIN_BYTES_READ:
            self.transport.abort()
        else:
            self._write_deadline = self.loop.call_later(WRITE_SECONDS, self._check_read, unread)

    def _refuse(self, problem: Problem) -> None:
        """Answer with ``problem`` and close the connection."""
        self.transport.write(raw_problem(problem, self._base_path()))
        self._close()

    def _close(self) -> None:
        """Close the connection when the rest of the response is sent, for which the client has a limited time."""
        self.transport.close()
        if not self.flow.write_paused and self.transport.get_write_buffer_size():
            self._start_write_deadline()

    def _base_path(self) -> str:
        return self.app.state.base_path if isinstance(self.app, ServiceApp) else ""
