"""Who listens, as fast as can be: a process that takes whatever is posted, and tells how late it came.

A path that begins with ``/hang`` gets no answer. ``GET`` tells what was heard, ``DELETE`` forgets it.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import cast
from urllib.request import Request, urlopen

import msgspec
import uvloop

PORT = 8770
LISTENER = f"http://127.0.0.1:{PORT}"
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
TIMESTAMP = b'"timestamp":"'


class Heard(msgspec.Struct):
    """How many messages came, how many seconds after what they tell half and 99 in 100 of them did, and how fast."""

    count: int
    p50: float
    p99: float
    seconds: float


class Listener(asyncio.Protocol):
    """One connection."""

    late: list[float] = []  # noqa: RUF012 - what all connections have in common
    times: list[float] = []  # noqa: RUF012 - and this

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._held = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            at = head.find(b"content-length:")
            length = 0 if at < 0 else int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._held) < end + 4 + length:
                return
            body, self._held = self._held[end + 4 : end + 4 + length], self._held[end + 4 + length :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get"):
            told = msgspec.json.encode(self._heard())
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(told) + told)
        elif head.startswith(b"delete"):
            self.late.clear()
            self.times.clear()
            self._transport.write(TAKEN)
        elif not head.startswith(b"post /hang"):
            now, at = time.time(), body.find(TIMESTAMP) + len(TIMESTAMP)
            self.late.append(now - datetime.fromisoformat(body[at : body.index(b'"', at)].decode()).timestamp())
            self.times.append(now)
            self._transport.write(TAKEN)

    def _heard(self) -> Heard:
        late = sorted(self.late) or [0.0]
        seconds = self.times[-1] - self.times[0] if self.times else 0.0
        return Heard(len(self.late), late[len(late) // 2], late[len(late) * 99 // 100], seconds)


async def serve(port: int) -> None:
    """Until the process ends."""
    server = await asyncio.get_running_loop().create_server(Listener, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


@contextmanager
def listening() -> Iterator[None]:
    """The listener as a process of its own, for the block."""
    with subprocess.Popen([sys.executable, "-m", "tests.bench.listener"]) as process:
        try:
            for _ in range(100):
                try:
                    heard()
                    break
                except OSError:
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()


def heard() -> Heard:
    """What the listener has heard since it was told to forget."""
    with urlopen(LISTENER, timeout=10) as answer:
        return msgspec.json.decode(answer.read(), type=Heard)


def forget() -> None:
    """Have the listener begin anew."""
    urlopen(Request(LISTENER, method="DELETE"), timeout=10).close()


if __name__ == "__main__":
    uvloop.run(serve(PORT))
