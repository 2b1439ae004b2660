"""A reader's browser that listens to a thread: the real app's stream, message by message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import Message, Scope

from service.app import App
from tests.builders import AThread, Json

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Heard:
    """One message of a stream."""

    id: str
    event: str
    data: Json


class Parser:
    """Reads what a stream sends, as a browser does (WHATWG HTML, section 9.2.6)."""

    def __init__(self) -> None:
        self._text = ""
        self.last_id = ""
        self.caught_up = False

    def parse(self, chunk: str) -> list[Heard]:
        """The messages that are whole now."""
        *blocks, self._text = (self._text + chunk).split("\n\n")
        return [heard for block in blocks if (heard := self._read(block))]

    def _read(self, block: str) -> Heard | None:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")  # a comment has no name
        self.last_id = fields.get("id", self.last_id)
        if "data" not in fields:
            self.caught_up |= "id" in fields
            return None
        return Heard(self.last_id, fields["event"], msgspec.json.decode(fields["data"]))


class Listener:
    """One stream of an app in this process; server and client share the loop, so nothing is in between."""

    def __init__(self, app: App, scope: Scope) -> None:
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._gone = asyncio.Event()
        self.takes = asyncio.Event()  # whether the client takes what is sent
        self.takes.set()
        self._asked = False
        self._messages: list[Heard] = []
        self.parser = Parser()
        self.status, self.headers, self.raw = 0, dict[str, str](), b""
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _send(self, message: Message) -> None:
        await self.takes.wait()
        self._sent.put_nowait(message)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def begin(self) -> None:
        """Wait for the answer's head; of a stream, also for its first block."""
        start = await self._next()
        assert start
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        first = await self._next()
        self.raw = first["body"] if first else b""
        self._messages += self.parser.parse(self.raw.decode())

    async def catch_up(self) -> list[Heard]:
        """What happened before; then the stream says where it has come to."""
        while not self.parser.caught_up:
            assert await self._read(), "the stream ended"
        heard, self._messages = self._messages, []
        return heard

    async def hear(self) -> Heard:
        """The next message."""
        while not self._messages:
            assert await self._read(), "the stream ended"
        return self._messages.pop(0)

    async def hear_all(self) -> list[Heard]:
        """Every message until the stream ends."""
        while await self._read():
            pass
        heard, self._messages = self._messages, []
        return heard

    async def hear_until(self, sequence: int) -> list[Heard]:
        """Every message until that which brings the thread to ``sequence``."""
        heard: list[Heard] = []
        while not heard or heard[-1].data["thread"]["sequence"] < sequence:
            heard.append(await self.hear())
        return heard

    async def leave(self) -> None:
        """Go away, and wait until the app has noticed."""
        self._gone.set()
        await asyncio.wait_for(self.task, PATIENCE_SECONDS)

    async def _read(self) -> bool:
        message = await self._next()
        if message is None:
            return False
        self._messages += self.parser.parse(message["body"].decode())
        return True

    async def _next(self) -> Message | None:
        """What the app sends next; nothing once it has ended its answer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self._sent.get()
        ended = message["type"] == "http.response.body" and not message.get("more_body") and not message["body"]
        return None if ended else message


@asynccontextmanager
async def listening(
    thread: AThread, *, app: App | None = None, query: str = "", address: str = "192.0.2.1", **headers: str
) -> AsyncIterator[Listener]:
    """Listen to ``thread`` for the block; ``headers`` by their names, with ``_`` for ``-``."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/v1/sites/{thread.site.slug}{thread.path}/stream",
        "raw_path": f"/v1/sites/{thread.site.slug}{thread.path}/stream".encode(),
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (address, 50_000),
        "server": ("onereply.test", 80),
        "root_path": "",
    }
    listener = Listener(app or thread.site.app, scope)
    try:
        await listener.begin()
        yield listener
    finally:
        with suppress(asyncio.CancelledError):
            await listener.leave()
