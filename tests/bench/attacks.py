"""Hostile clients in a process of their own, ``nice``: each load has a fixed rate.

``python -m tests.bench.attacks NAME NUMBER SECONDS`` prints a line when the load is complete, and SECONDS later how
many requests were answered. The numbers of a run's requests start at NUMBER, so that its addresses, cursors and ids are
new.
"""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import cast
from uuid import UUID

import msgspec
import uvloop

from service.platform.http.cursors import encode_cursor
from tests.bench.a_service import PORT, QUICK
from tests.bench.honest import read_response
from tests.bench.streaming import allow_files

SITE = "/v1/sites/gazette"
PEERS = 500 if QUICK else 5_000
RAMP_SECONDS = 1.0 if QUICK else 20.0  # until all peers are connected
RECONNECT_SECONDS = 20.0  # sooner, it is a flood of connections, which a firewall has to limit
ADDRESSES = 5_000 if QUICK else 200_000  # that send a request before those of the first run are measured
CONNECTIONS = 32
TEXTS = ["a" * 10_000, "\ufdfa" * 10_000, "+ - > *\n" * 1_250, "&<" * 5_000, "a " * 5_000, "https://a、" * 1_000]
LANGUAGES = ("en", "de", "fr", "ru", "ar", "ja", "zh", "es", "hi", "it")


def many_addresses(number: int, _random: Random) -> bytes:
    """A cheap read, each from an address of its own."""
    return _get(f"{SITE}/threads/page", number)


def hostile_texts(number: int, _random: Random) -> bytes:
    """A post made to be slow, at a site with 10,000 terms with wildcards."""
    body = msgspec.json.encode({"author": {"name": "A"}, "body": TEXTS[number % len(TEXTS)]})
    more = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return _get("/v1/sites/attacked/threads/hot/comments", number, more=more, method="POST") + body


def hostile_markup(number: int, random: Random) -> bytes:
    """A page of 200 comments of ``&<``, in JSON or HTML, which no cache has."""
    language = f"accept-language: {random.choice(LANGUAGES)}\r\n"
    query = f"limit={200 - number % 20}&order={random.choice(('oldest', 'newest'))}"
    document = random.choice(("comments", "comments.html"))
    return _get(f"/v1/sites/attacked/threads/markup/{document}?{query}", number, more=language)


def random_keys(number: int, random: Random) -> bytes:
    """A request with a cursor, comment id, host or path that nobody sent before."""
    token = f"{random.getrandbits(64):x}"
    cursor = encode_cursor(random.randrange(1, 10_000).to_bytes(4, "big") + random.randrange(1, 9).to_bytes(4, "big"))
    target = random.choice(
        (
            f"{SITE}/threads/page/comments?cursor={cursor}",
            f"{SITE}/threads/page/comments.html?cursor={cursor}&limit={random.randint(1, 200)}",
            f"{SITE}/threads/page/comments.html?comment={UUID(int=random.getrandbits(128))}",
            f"{SITE}/threads/page/comments?cursor={token}",
            f"{SITE}/threads/page/feed.atom",
            f"{SITE}/counts?" + "&".join(f"article={token}-{each}" for each in range(50)),
            f"{SITE}/comments/{UUID(int=random.getrandbits(128))}",
            f"{SITE}/threads/{token}",
            f"/v1/sites/{token}/counts",
            f"/gazette/{token}",
            f"/gazette/page?cursor={cursor}",
            f"/{token}/{token}/{token}",
        )
    )
    more = f"accept-language: {random.choice(LANGUAGES)}, x-{token}\r\nuser-agent: {token}\r\n"
    return _get(target, number, host=f"{token}.example", more=more)


REQUESTS: dict[str, tuple[Callable[[int, Random], bytes], int]] = {  # and their rate per second
    "addresses": (many_addresses, 500),
    "texts": (hostile_texts, 5),
    "markup": (hostile_markup, 5),
    "keys": (random_keys, 20),
}


def _get(path: str, number: int, *, host: str = "comments.example", more: str = "", method: str = "GET") -> bytes:
    address = f"{20 + (number >> 24) % 200}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return f"{method} {path} HTTP/1.1\r\nhost: {host}\r\nx-forwarded-for: {address}\r\n{more}\r\n".encode()


async def send_requests(name: str, number: int, seconds: float) -> int:
    """Send requests at their rate on :data:`CONNECTIONS` connections; return how many were answered."""
    make, rate = REQUESTS[name]
    random = Random(number)  # noqa: S311 - the same each time
    if name == "addresses" and number == 0:
        number = await _send_at_once(ADDRESSES, random)
    connect = asyncio.get_running_loop().create_connection
    clients = [
        (await connect(Client, "127.0.0.1", PORT))[1] for _ in range(min(CONNECTIONS, rate))
    ]  # none stays idle for long
    print(flush=True)
    sent, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        for _ in range(min(int(elapsed * rate) - sent, CONNECTIONS)):
            clients[sent % len(clients)].send(make(number + sent, random))
            sent += 1
        await asyncio.sleep(0.002 if rate > 100 else 0.5 / rate)
    return sum(client.answered for client in clients)


async def _send_at_once(count: int, random: Random) -> int:
    """Send ``count`` requests from an address each, the next on a connection as soon as one is answered."""

    async def send_share(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        for number in range(first, count, CONNECTIONS):
            writer.write(many_addresses(number, random))
            await read_response(reader)
        writer.close()

    await asyncio.gather(*map(send_share, range(CONNECTIONS)))
    return count


class Client(asyncio.Protocol):
    """A connection that counts answers, as many as it has requests in flight."""

    answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes) -> None:
        """Send a request, behind those that are not answered yet."""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.answered += data.count(b"HTTP/1.1 ")


async def send_slowly(_name: str, _number: int, seconds: float) -> int:
    """Hold :data:`PEERS` connections from 250 addresses; return how many were opened, again and again."""
    opened = [0]
    peers = [asyncio.create_task(_peer(number, opened)) for number in range(PEERS)]
    await asyncio.sleep(RAMP_SECONDS)
    print(flush=True)
    await asyncio.sleep(seconds)
    for peer in peers:
        peer.cancel()
    await asyncio.gather(*peers, return_exceptions=True)
    return opened[0]


async def _peer(number: int, opened: list[int]) -> None:
    """One slow peer: of each kind a quarter. It connects again when the service has ended the connection."""
    address = f"127.1.{number % 250 // 50}.{number % 50 + 1}"
    await asyncio.sleep(RAMP_SECONDS * number / PEERS)
    while True:
        with suppress(OSError):
            await KINDS[number % len(KINDS)](address, opened)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _send_half_a_head(address: str, opened: list[int]) -> None:
    async with _Socket(address, opened) as peer:
        await peer.send(b"GET /v1/sites/gazette HTTP/1.1\r\nhost: a\r\nx-half:")
        await peer.wait()


async def _send_a_byte_a_second(address: str, opened: list[int]) -> None:
    async with _Socket(address, opened) as peer:
        head = f"POST {SITE}/threads/hot/comments HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        await peer.send(f"{head}content-length: 9000\r\n\r\n".encode())
        while True:
            await peer.send(b" ")
            await asyncio.sleep(1)


async def _never_read(address: str, opened: list[int]) -> None:
    async with _Socket(address, opened, receive_bytes=2_048) as peer:
        await peer.send(f"GET {SITE}/threads/page/comments?limit=200 HTTP/1.1\r\nhost: a\r\n\r\n".encode() * 4)
        while True:  # sending is the only way to notice the end without reading
            await asyncio.sleep(1)
            await peer.send(b"G")


async def _stay_silent(address: str, opened: list[int]) -> None:
    async with _Socket(address, opened) as peer:
        await peer.send(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        await peer.wait()


KINDS = (_send_half_a_head, _send_a_byte_a_second, _never_read, _stay_silent)


class _Socket:
    """A connection from ``address``."""

    def __init__(self, address: str, opened: list[int], *, receive_bytes: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.setblocking(False)
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.bind((address, 0))
        self._opened, self._loop = opened, asyncio.get_running_loop()

    async def __aenter__(self) -> "_Socket":
        await self._loop.sock_connect(self._socket, ("127.0.0.1", PORT))
        self._opened[0] += 1
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._socket.close()

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._socket, data)

    async def wait(self) -> None:
        """Wait until the service ends the connection."""
        while await self._loop.sock_recv(self._socket, 4096):
            pass


if __name__ == "__main__":
    allow_files()
    os.nice(10)
    run = send_slowly if sys.argv[1] == "peers" else send_requests
    print(uvloop.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
