"""Who listens, as fast as can be: a process that takes whatever is posted, and tells how late it came.

``python -m tests.bench.receiver PORT``. A path that begins with ``/hang`` gets no answer. ``GET /told`` is answered
with how many messages came since the last time it was asked, and how many seconds after what they tell, sorted.
"""

import asyncio
import sys
import time
from datetime import datetime

import msgspec
import uvloop

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
TIMESTAMP = b'"timestamp":"'


class Receiver(asyncio.Protocol):
    """One connection."""

    late: list[float] = []  # noqa: RUF012 - what all connections have in common
    times: list[float] = []  # noqa: RUF012

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._held = transport, b""

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
            told = msgspec.json.encode({"late": sorted(self.late), "times": [*self.times[:1], *self.times[-1:]]})
            self.late.clear()
            self.times.clear()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(told) + told
            )
            self._transport.close()
        elif not head.startswith(b"post /hang"):
            now, at = time.time(), body.find(TIMESTAMP) + len(TIMESTAMP)
            self.late.append(now - datetime.fromisoformat(body[at : body.index(b'"', at)].decode()).timestamp())
            self.times.append(now)
            self._transport.write(TAKEN)


async def serve(port: int) -> None:
    """Until the process ends."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
