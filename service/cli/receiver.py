"""A webhook receiver for development: verifies each message, prints it and answers."""

from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.cli.received import parse_event, summarise
from service.platform import clock
from service.platform.outbound.webhook_signatures import SignatureMismatch, Signer

MAX_BODY = 64_000
MAX_SEEN = 10_000

Print = Callable[[str], None]


class Receiver:
    """Accepts messages at any path.

    It calls ``print_line`` with one line per message and ``print_body`` with the body of each verified message.
    """

    def __init__(self, signer: Signer, *, status: int, print_line: Print, print_body: Print) -> None:
        self._signer, self._status = signer, status
        self._print_line, self._print_body = print_line, print_body
        self._seen: dict[str, None] = {}  # message ids, oldest first

    def app(self) -> Starlette:
        """The receiver as an ASGI app."""
        return Starlette(routes=[Route("/{path:path}", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        """Verify the message. Answer with the configured status, or with 401 and the reason."""
        try:
            body = await _body(request)
        except ClientDisconnect:
            return self._refuse(400, "The connection closed before the body was complete.")
        if body is None:
            return self._refuse(413, f"The body is longer than {MAX_BODY:,} bytes, the limit.")
        now = clock.now()
        try:
            message_id = self._signer.verify(request.headers, body, now=now)
        except SignatureMismatch as reason:
            return self._refuse(401, str(reason))
        again = " again" if message_id in self._seen else ""
        self._store_seen(message_id)
        answered = "" if 200 <= self._status < 300 else f" · answered {self._status}"
        self._print_line(f"{_time(now)} verified{again} · {summarise(parse_event(body))}{answered}")
        self._print_body(body.decode().replace("\n", " "))  # between JSON tokens a space means the same
        return Response(status_code=self._status)

    def _refuse(self, status: int, reason: str) -> Response:
        self._print_line(f"{_time(clock.now())} refused · {reason}")
        return PlainTextResponse(f"{reason}\n", status_code=status)

    def _store_seen(self, message_id: str) -> None:
        self._seen[message_id] = None
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]


async def _body(request: Request) -> bytes | None:
    """Read the body; None, without reading on, if it is longer than ``MAX_BODY`` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _time(instant: datetime) -> str:
    """The local time of day."""
    return instant.astimezone().strftime("%H:%M:%S")
