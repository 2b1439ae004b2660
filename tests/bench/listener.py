"""A fast webhook receiver in a process of its own, which measures the latency of each message.

A path that begins with ``/hang`` gets no answer. ``GET`` returns the results, ``DELETE`` resets them.
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
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
TIMESTAMP = b'"timestamp":"'


class Received(msgspec.Struct):
    """The number of messages, the p50 and p99 latency in seconds, and the seconds from the first to the last."""

    count: int
    p50: float
    p99: float
    seconds: float


class Listener(asyncio.Protocol):
    """One connection."""

    late: list[float] = []  # noqa: RUF012 - all connections share it
    times: list[float] = []  # noqa: RUF012 - all connections share it

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
            report = msgspec.json.encode(self._results())
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(report) + report)
        elif head.startswith(b"delete"):
            self.late.clear()
            self.times.clear()
            self._transport.write(NO_CONTENT)
        elif not head.startswith(b"post /hang"):
            now, at = time.time(), body.find(TIMESTAMP) + len(TIMESTAMP)
            self.late.append(now - datetime.fromisoformat(body[at : body.index(b'"', at)].decode()).timestamp())
            self.times.append(now)
            self._transport.write(NO_CONTENT)

    def _results(self) -> Received:
        late = sorted(self.late) or [0.0]
        seconds = self.times[-1] - self.times[0] if self.times else 0.0
        return Received(len(self.late), late[len(late) // 2], late[len(late) * 99 // 100], seconds)


async def serve(port: int) -> None:
    """Serve until the process ends."""
    server = await asyncio.get_running_loop().create_server(Listener, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


@contextmanager
def listening() -> Iterator[None]:
    """Run the listener as a process during the block."""
    with subprocess.Popen([sys.executable, "-m", "tests.bench.listener"]) as process:
        try:
            for _ in range(100):
                try:
                    read_results()
                    break
                except OSError:
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()


def read_results() -> Received:
    """The results since the last reset."""
    with urlopen(LISTENER, timeout=10) as answer:
        return msgspec.json.decode(answer.read(), type=Received)


def reset() -> None:
    """Reset the listener's results."""
    urlopen(Request(LISTENER, method="DELETE"), timeout=10).close()


if __name__ == "__main__":
    uvloop.run(serve(PORT))
