"""A webhook receiver for development: verifies each message, prints it and answers."""

from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.cli.received import in_one_line, told_by
from service.platform import clock
from service.platform.outbound.webhook_signatures import SignatureMismatch, Signer

LARGEST_BODY = 64_000
MOST_REMEMBERED = 10_000

Tell = Callable[[str], None]


class Receiver:
    """Accepts messages at any path.

    It calls ``tell`` with one line per message and ``tell_body`` with the body of each verified message.
    """

    def __init__(self, signer: Signer, *, answer: int, tell: Tell, tell_body: Tell) -> None:
        self._signer, self._answer = signer, answer
        self._tell, self._tell_body = tell, tell_body
        self._seen: dict[str, None] = {}  # message ids, oldest first

    def app(self) -> Starlette:
        """The receiver as an ASGI app."""
        return Starlette(routes=[Route("/{path:path}", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        """Verify the message. Answer with the configured status, or with 401 and the reason."""
        try:
            body = await _body(request)
        except ClientDisconnect:
            return self._refused(400, "It broke off.")
        if body is None:
            return self._refused(413, f"Its body is longer than {LARGEST_BODY:,} bytes.")
        now = clock.now()
        try:
            message_id = self._signer.verify(request.headers, body, now=now)
        except SignatureMismatch as reason:
            return self._refused(401, str(reason))
        again = " again" if message_id in self._seen else ""
        self._remember(message_id)
        answered = "" if 200 <= self._answer < 300 else f" · answered {self._answer}"
        self._tell(f"{_time(now)} verified{again} · {in_one_line(told_by(body))}{answered}")
        self._tell_body(body.decode().replace("\n", " "))  # between JSON tokens a space means the same
        return Response(status_code=self._answer)

    def _refused(self, status: int, reason: str) -> Response:
        self._tell(f"{_time(clock.now())} refused · {reason}")
        return PlainTextResponse(f"{reason}\n", status_code=status)

    def _remember(self, message_id: str) -> None:
        self._seen[message_id] = None
        if len(self._seen) > MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]


async def _body(request: Request) -> bytes | None:
    """Read the body; None, without reading on, if it is longer than ``LARGEST_BODY`` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _time(instant: datetime) -> str:
    """The local time of day."""
    return instant.astimezone().strftime("%H:%M:%S")
