"""A webhook receiver that records requests and responds as a test says: also late, badly or never."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.builders import Json

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
Answer = bytes | None  # None: the connection ends without one


def an_answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer with a body."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    return f"HTTP/1.1 {status} So\r\ncontent-length: {len(body)}\r\n{''.join(lines)}\r\n".encode() + body


@dataclass
class Received:
    """One received request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Json:
        content: Json = json.loads(self.body)
        return content


@dataclass
class AReceiver:
    """Responds to each request with the result of ``answer``; "hang" delays the response until ``released``."""

    origin: str = ""
    answer: Callable[[Received], Any] = lambda _received: OK
    received: list[Received] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def contents(self) -> list[Json]:
        return [each.content for each in self.received]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) is not None:
                first, *lines = head.decode().strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                received = Received(first.split()[1], headers, body)
                self.received.append(received)
                answer = self.answer(received)
                if answer == "hang":
                    await self.released.wait()
                    answer = OK
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def a_receiver(answer: Callable[[Received], Any] | None = None) -> AsyncIterator[AReceiver]:
    """A receiver on a port of its own."""
    receiver = AReceiver()
    if answer:
        receiver.answer = answer
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.close()
