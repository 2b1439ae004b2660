"""A client of a thread's stream, which reads the real app's messages one by one."""

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
class StreamMessage:
    """One message of a stream."""

    id: str
    event: str
    data: Json


class SseParser:
    """Parses server-sent events as a browser does (WHATWG HTML, section 9.2.6)."""

    def __init__(self) -> None:
        self._text = ""
        self.last_id = ""
        self.caught_up = False

    def parse(self, chunk: str) -> list[StreamMessage]:
        """Return the messages that are complete now."""
        *blocks, self._text = (self._text + chunk).split("\n\n")
        return [received for block in blocks if (received := self._read(block))]

    def _read(self, block: str) -> StreamMessage | None:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")  # a comment has no name
        self.last_id = fields.get("id", self.last_id)
        if "data" not in fields:
            self.caught_up |= "id" in fields
            return None
        return StreamMessage(self.last_id, fields["event"], msgspec.json.decode(fields["data"]))


class StreamClient:
    """A stream of an app in this process. Server and client share the event loop."""

    def __init__(self, app: App, scope: Scope) -> None:
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._gone = asyncio.Event()
        self.reads = asyncio.Event()  # whether the client reads
        self.reads.set()
        self._asked = False
        self._messages: list[StreamMessage] = []
        self.parser = SseParser()
        self.status, self.headers, self.raw = 0, dict[str, str](), b""
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _send(self, message: Message) -> None:
        await self.reads.wait()
        self._sent.put_nowait(message)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def begin(self) -> None:
        """Wait for the headers and the first block."""
        start = await self._next()
        assert start
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        first = await self._next()
        self.raw = first["body"] if first else b""
        self._messages += self.parser.parse(self.raw.decode())

    async def catch_up(self) -> list[StreamMessage]:
        """Return the missed events, up to the stream's position message."""
        while not self.parser.caught_up:
            assert await self._read(), "the stream ended"
        received, self._messages = self._messages, []
        return received

    async def next_message(self) -> StreamMessage:
        """Return the next message."""
        while not self._messages:
            assert await self._read(), "the stream ended"
        return self._messages.pop(0)

    async def read_to_end(self) -> list[StreamMessage]:
        """Return every message until the stream ends."""
        while await self._read():
            pass
        received, self._messages = self._messages, []
        return received

    async def read_until(self, sequence: int) -> list[StreamMessage]:
        """Return every message up to the one with ``sequence``."""
        received: list[StreamMessage] = []
        while not received or received[-1].data["thread"]["sequence"] < sequence:
            received.append(await self.next_message())
        return received

    async def leave(self) -> None:
        """Disconnect, and wait until the app has noticed."""
        self._gone.set()
        await asyncio.wait_for(self.task, PATIENCE_SECONDS)

    async def _read(self) -> bool:
        message = await self._next()
        if message is None:
            return False
        self._messages += self.parser.parse(message["body"].decode())
        return True

    async def _next(self) -> Message | None:
        """Return the app's next message, or None at the end of the response."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self._sent.get()
        ended = message["type"] == "http.response.body" and not message.get("more_body") and not message["body"]
        return None if ended else message


@asynccontextmanager
async def open_stream(
    thread: AThread, *, app: App | None = None, query: str = "", address: str = "192.0.2.1", **headers: str
) -> AsyncIterator[StreamClient]:
    """Open a stream of ``thread`` for the block; names of ``headers`` have ``_`` for ``-``."""
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
    listener = StreamClient(app or thread.site.app, scope)
    try:
        await listener.begin()
        yield listener
    finally:
        with suppress(asyncio.CancelledError):
            await listener.leave()
