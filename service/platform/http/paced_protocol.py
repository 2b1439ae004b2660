"""Parse what a connection sends in small turns, so that no client holds the event loop.

*Why*: uvloop reads up to 32 times 256 KB of one connection before it turns to another. If all of it is parsed at once,
one client that sends chunks of one byte stops the whole process for seconds.

- In one turn of the loop, :data:`TURN` bytes of a connection are parsed, a :data:`PIECE` at a time.
- At most :data:`MAX_PIPELINED` requests are parsed ahead.
- A body waits in the kernel while :data:`HIGH_WATER_LIMIT` bytes of it wait for the app.
"""

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_PIPELINED = 8
PIECE = 1024
TURN = 16 * PIECE


class PacedProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP/1.1 protocol, which parses piece by piece."""

    _unparsed: bytes | memoryview = b""
    _will_continue = False

    def data_received(self, data: bytes) -> None:
        """Parse as much of ``data`` as this turn of the loop has room for, and the rest in later turns."""
        if len(data) <= PIECE and not (self._unparsed or self._will_continue or self.pipeline):
            self._parse_piece(data)  # nearly every request
            if self._app_is_behind():
                self.flow.pause_reading()
            return
        self._unparsed = bytes(self._unparsed) + data if self._unparsed else data
        if self._will_continue:
            self.flow.pause_reading()
        else:
            self._parse()

    def on_response_complete(self) -> None:
        """Continue with the next request."""
        super().on_response_complete()
        if self._unparsed and not self.transport.is_closing():
            self._continue_soon()

    def _parse(self) -> None:
        self._will_continue = False
        end = max(0, len(self._unparsed) - TURN)
        while self._unparsed and not self.transport.is_closing():
            if len(self.pipeline) >= MAX_PIPELINED:
                self.flow.pause_reading()
                return  # until a response is complete
            if len(self._unparsed) <= end:
                self._continue_soon()
                return
            rest = memoryview(self._unparsed)
            piece, self._unparsed = bytes(rest[:PIECE]), rest[PIECE:]
            self._parse_piece(piece)
        if not (self.pipeline or self._app_is_behind() or self.transport.is_closing()):
            self.flow.resume_reading()

    def _continue_soon(self) -> None:
        self.flow.pause_reading()
        if not self._will_continue:
            self._will_continue = True
            self.loop.call_soon(self._parse)

    def _app_is_behind(self) -> bool:
        """Whether much of a body waits for the app, which resumes reading when it receives that."""
        if self.cycle is None:
            return False  # type: ignore[unreachable]  # Uvicorn sets None before the first request
        return not self.cycle.response_complete and len(self.cycle.body) > HIGH_WATER_LIMIT

    def _parse_piece(self, piece: bytes) -> None:
        super().data_received(piece)
