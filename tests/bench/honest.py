"""Honest readers and authors in a process of their own: a fixed rate of requests on keep-alive connections.

``python -m tests.bench.honest SECONDS PID`` prints the latencies. A latency counts from the moment the request was due,
so a service that stops for a while can't hide it. Beside it stands the CPU time that the service, the process PID, used
meanwhile: what the request waited for, also on a busy machine.
"""

import asyncio
import sys
import time
from itertools import count
from uuid import uuid4

import msgspec
import uvloop

from tests.bench.a_service import PORT

CONNECTIONS = 8
ADDRESSES = 2_000
HEAD = "{method} {path} HTTP/1.1\r\nhost: comments.example\r\nx-forwarded-for: 10.9.{high}.{low}\r\n{more}\r\n"
READ = "accept-encoding: gzip\r\n"
POST = "content-type: application/json\r\nidempotency-key: {key}\r\ncontent-length: {length}\r\n"
BODY = "I read this twice, and I still do not know who will answer for it. That is number {}."
RATES = {"page": 20, "thread page": 10, "post": 10}  # requests/s
PATHS = {
    "page": "/v1/sites/gazette/threads/page/comments?limit=50",
    "thread page": "/gazette/page",
    "post": "/v1/sites/gazette/threads/hot/comments",
}


class Results(msgspec.Struct):
    """By kind of request, the latencies and the service's CPU time meanwhile, in seconds.

    ``refused`` counts answers other than 2xx, and ``lost`` connections that were closed without one.
    """

    latencies: dict[str, list[float]]
    work: dict[str, list[float]]
    refused: int = 0
    lost: int = 0


class Connection:
    """A keep-alive connection, opened again when the service has closed it."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> int:
        """Send ``request`` until it is answered; return the status."""
        while True:
            try:
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", PORT)
                reader, writer = self._streams
                writer.write(request)
                return await read_response(reader)
            except (OSError, asyncio.IncompleteReadError):
                self._results.lost += 1
                self._streams = None


async def read_response(reader: asyncio.StreamReader) -> int:
    """Read a response with a ``Content-Length``; return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
    return int(head.split()[1])


async def measure(seconds: float, pid: int) -> Results:
    """Send every kind of request at its rate for ``seconds``."""
    results, numbers = Results({kind: [] for kind in RATES}, {kind: [] for kind in RATES}), count()
    began = time.perf_counter() + 0.1
    await asyncio.gather(
        *(
            _repeat(
                kind, results, numbers, pid, first=began + place / rate, every=CONNECTIONS / rate, until=began + seconds
            )
            for kind, rate in RATES.items()
            for place in range(CONNECTIONS)
        )
    )
    return results


async def _repeat(
    kind: str, results: Results, numbers: "count[int]", pid: int, *, first: float, every: float, until: float
) -> None:
    """Send a request when it is due; if the one before is late, at once afterwards."""
    connection, due = Connection(results), first
    while due < until:
        await asyncio.sleep(due - time.perf_counter())
        used = cpu_seconds(pid)
        status = await connection.send(request(kind, next(numbers)))
        results.work[kind].append(cpu_seconds(pid) - used)
        results.latencies[kind].append(time.perf_counter() - due)
        results.refused += not 200 <= status < 300
        due += every


def cpu_seconds(pid: int) -> float:
    """The CPU time of all threads of a process (``clock_getcpuclockid``, POSIX; encoded as Linux does)."""
    return time.clock_gettime((~pid << 3) | 2)


def request(kind: str, number: int) -> bytes:
    """The bytes of a request from one of :data:`ADDRESSES`."""
    client = number % ADDRESSES
    high, low, body = client // 250, client % 250, ""
    more = READ
    if kind == "post":
        body = msgspec.json.encode({"author": {"name": "Ada"}, "body": BODY.format(uuid4().hex)}).decode()
        more = POST.format(key=uuid4().hex, length=len(body))
    method = "POST" if kind == "post" else "GET"
    return (HEAD.format(method=method, path=PATHS[kind], high=high, low=low, more=more) + body).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(measure(float(sys.argv[1]), int(sys.argv[2])))))
