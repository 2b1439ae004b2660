"""Streams: memory per stream, and the time until a post has reached all of them.

One worker, and all clients in another process. Each client has its own address, as behind a proxy.
"""

import asyncio
import resource
import subprocess
import sys
import time
from functools import partial
from statistics import median
from typing import IO, cast
from urllib.request import Request, urlopen

import msgspec
import uvloop

from tests.bench.a_service import ORIGIN, PORT, QUICK, resident, serving

STREAMS = 2_000
POSTS = 5 if QUICK else 20
MAX_CONCURRENT = 100
PATH = "/v1/sites/bench/threads/hot"
HEAD = (
    "GET {path}/stream HTTP/1.1\r\nhost: 127.0.0.1\r\naccept-language: {language}\r\n"
    "x-forwarded-for: 10.0.{high}.{low}\r\n\r\n"
)
LANGUAGES = ("en", "de", "fr", "ru", "ar")


def report(name: str, url: str) -> str:
    """A line with the cost of 2,000 streams of one thread."""
    allow_files()
    with serving(url) as process:
        post(0)
        before = resident(process.pid)
        with subprocess.Popen([sys.executable, "-m", "tests.bench.streaming"], stdout=subprocess.PIPE) as clients:
            assert clients.stdout
            clients.stdout.readline()
            each = (resident(process.pid) - before) * 1024 / STREAMS
            late = [time_to_all(number, clients.stdout) for number in range(1, POSTS + 1)]
            clients.terminate()
    half, all_ = median(late) * 1000, max(late) * 1000
    return (
        f"{name}, {STREAMS:,} streams: {each:.0f} kB each; a post reached all of them within {half:.0f} ms, of {POSTS} "
        f"the slowest within {all_:.0f}."
    )


def allow_files() -> None:
    """Raise the limit of open files for this process and its children."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def time_to_all(number: int, clients: IO[bytes]) -> float:
    """Seconds from before a post until the last client has received it."""
    started = time.time()
    post(number)
    return float(clients.readline()) - started


def post(number: int) -> None:
    """Post a reply."""
    body = msgspec.json.encode({"body": f"Reply number {number}, to whoever listens.", "author": {"name": "Ada"}})
    headers = {"content-type": "application/json", "x-forwarded-for": "10.1.0.1"}
    urlopen(Request(f"{ORIGIN}{PATH}/comments", data=body, headers=headers), timeout=60).close()


class Client(asyncio.Protocol):
    """One stream; all streams share the counters."""

    joined = 0
    heard = 0
    all_joined: asyncio.Event

    def __init__(self, number: int) -> None:
        self._number = number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        language = LANGUAGES[self._number % len(LANGUAGES)]
        head = HEAD.format(path=PATH, language=language, high=self._number // 250, low=self._number % 250)
        cast("asyncio.Transport", transport).write(head.encode())

    def data_received(self, data: bytes) -> None:
        Client.heard += data.count(b"event: comment.published")
        Client.joined += data.count(b"\nid: ") - data.count(b"\nevent: ")
        if Client.joined == STREAMS:
            Client.all_joined.set()
        if b"event: " in data and Client.heard % STREAMS == 0:
            print(time.time(), flush=True)


async def listen() -> None:
    """Open every stream, print a line, and listen until the process ends."""
    loop, Client.all_joined = asyncio.get_running_loop(), asyncio.Event()
    for first in range(0, STREAMS, MAX_CONCURRENT):
        clients = [partial(Client, number) for number in range(first, first + MAX_CONCURRENT)]
        await asyncio.gather(*(loop.create_connection(client, "127.0.0.1", PORT) for client in clients))
    await Client.all_joined.wait()
    print("All streams are open.", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    allow_files()
    uvloop.run(listen())
