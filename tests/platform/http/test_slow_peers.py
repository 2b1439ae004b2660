"""Slow and silent peers lose their connection, and honest readers beside them are answered."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from service.platform.http import server_limits
from service.platform.http.connection_limits import ConnectionLimits, possible_connections
from service.platform.http.paced_protocol import MAX_PIPELINED, PIECE
from service.platform.http.server_limits import DRAIN_BYTES, LimitedProtocol

LARGE = b"x" * 8_000_000
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def small_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, with 8 MB at ``/large``; reads no body."""
    body = LARGE if scope["path"] == "/large" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class ServerOfPeers:
    """A server of a small app, with the limits of its connections."""

    def __init__(self, address: tuple[str, int], limits: ConnectionLimits) -> None:
        self.address, self.limits = address, limits

    async def connect(self, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(sent)
        return reader, writer

    async def get(self) -> bytes:
        """Get ``/`` as an honest reader, on a connection of its own; returns the status line."""
        reader, writer = await self.connect(GET)
        line = await reader.readline()
        writer.close()
        return line


@asynccontextmanager
async def serving_peers(
    monkeypatch: pytest.MonkeyPatch, limits: ConnectionLimits, app: ASGIApp = small_app
) -> AsyncIterator[ServerOfPeers]:
    """Serve ``app`` with ``limits``."""
    monkeypatch.setattr(LimitedProtocol, "connection_limits", limits)
    config = uvicorn.Config(
        app, port=0, http=LimitedProtocol, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield ServerOfPeers((host, port), limits)
    finally:
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await server.shutdown()


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServerOfPeers]:
    async with serving_peers(monkeypatch, ConnectionLimits()) as server:
        yield server


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - no event says it
            await asyncio.sleep(0.01)


async def read_slowly(reader: asyncio.StreamReader) -> int:
    """Read a large response in small parts; returns its bytes."""
    received = 0
    while received < len(LARGE):
        part = await reader.read(65_536)
        if not part:
            break
        received += len(part)
        await asyncio.sleep(0.005)
    return received


@pytest.mark.parametrize("closes", [b"", b"Connection: close\r\n"], ids=["kept alive", "closed"])
async def test_a_response_that_nobody_reads_is_dropped(
    served: ServerOfPeers, monkeypatch: pytest.MonkeyPatch, closes: bytes
) -> None:
    monkeypatch.setattr(server_limits, "WRITE_SECONDS", 0.4)
    request = b"GET /large HTTP/1.1\r\nHost: x\r\n" + closes + b"\r\n"
    silent = [await served.connect(request) for _ in range(10)]
    honest, writer = await served.connect(request)
    assert await read_slowly(honest) >= len(LARGE)
    writer.close()
    await until(lambda: len(served.limits) == 0)
    for _reader, each in silent:
        each.transport.abort()


async def test_the_rest_of_a_body_has_a_limited_time_after_the_response(
    served: ServerOfPeers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_limits, "DRAIN_SECONDS", 0.3)
    reader, writer = await served.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    started = time.monotonic()
    with suppress(OSError):
        while not reader.at_eof():
            writer.write(b"x")
            assert time.monotonic() - started < 10
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1000), 0.05)
    writer.close()
    assert (await served.get()).startswith(b"HTTP/1.1 200")


async def test_the_rest_of_a_body_has_a_limited_size_after_the_response(
    served: ServerOfPeers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_limits, "DRAIN_SECONDS", 3600)
    reader, writer = await served.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    with suppress(OSError):
        for _ in range(100):
            writer.write(b"x" * DRAIN_BYTES)
            await writer.drain()
            await asyncio.sleep(0)
    await until(lambda: len(served.limits) == 0)
    writer.close()


async def test_a_connection_is_kept_after_a_body_that_ends_late(served: ServerOfPeers) -> None:
    reader, writer = await served.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    await reader.readuntil(b"ok")
    writer.write(b"x" * 1000)
    writer.write(GET)
    await reader.readuntil(b"ok")
    writer.close()


async def test_the_first_of_pipelined_requests_learns_of_a_disconnect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it goes on to write, which is an error with a traceback for each such client."""
    monkeypatch.setattr(server_limits, "WRITE_SECONDS", 0.1)
    received: list[str] = []
    done = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": LARGE, "more_body": True})
        received.extend([(await receive())["type"] for _ in range(2)])
        done.set()

    async with serving_peers(monkeypatch, ConnectionLimits(), app) as served:
        _reader, writer = await served.connect(GET * 4)
        async with asyncio.timeout(20):
            await done.wait()
        writer.close()
    assert received == ["http.request", "http.disconnect"]


@pytest.mark.parametrize("sent", [b"", b"\r\n", GET + b"\r\n", GET + b"GET"], ids=["none", "line", "after", "part"])
async def test_a_silent_connection_is_closed(
    served: ServerOfPeers, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(server_limits, "HEAD_SECONDS", 0.2)
    reader, writer = await served.connect(sent)
    async with asyncio.timeout(10):
        await reader.read(-1)
    await until(lambda: len(served.limits) == 0)
    writer.close()


async def test_an_empty_line_after_a_response_does_not_keep_a_connection_open(
    served: ServerOfPeers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_limits, "HEAD_SECONDS", 0.2)
    reader, writer = await served.connect(GET)
    await reader.readuntil(b"ok")
    writer.write(b"\r\n")
    async with asyncio.timeout(10):
        await reader.read(-1)
    writer.close()


async def test_an_address_replaces_its_own_waiting_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving_peers(monkeypatch, ConnectionLimits(100, 10)) as server:
        silent = [await server.connect(b"GET / HTTP/1.1\r\n") for _ in range(50)]
        for _ in range(20):
            assert (await server.get()).startswith(b"HTTP/1.1 200")
        assert len(server.limits) <= 10
        for _reader, writer in silent:
            writer.close()


class OneConnection:
    """Notes whether it was ended."""

    def __init__(self) -> None:
        self.ended = False

    def abort(self) -> None:
        self.ended = True


def test_connections_over_a_limit_end_the_one_that_waits_longest() -> None:
    limits = ConnectionLimits(8, 2)
    first, busy, third, fourth = (OneConnection() for _ in range(4))
    assert limits.add(busy, "192.0.2.1") and limits.add(first, "192.0.2.1")
    limits.set_waiting(first, True)
    assert limits.add(third, "192.0.2.1")
    assert (first.ended, busy.ended) == (True, False)
    assert not limits.add(fourth, "192.0.2.1"), "both are being answered"
    assert limits.add(fourth, "192.0.2.2"), "another address is not affected"


def test_proxies_and_unix_sockets_have_only_the_limit_of_all() -> None:
    limits = ConnectionLimits(8, 2, proxies=["10.0.0.0/8"])
    for host in ("10.0.0.1",) * 4 + (None,) * 4:
        assert limits.add(OneConnection(), host)
    assert not limits.add(OneConnection(), "192.0.2.1")


def test_connections_that_end_are_not_counted() -> None:
    limits = ConnectionLimits(8, 2)
    for _ in range(100):
        connection = OneConnection()
        assert limits.add(connection, "2001:db8::1")
        limits.set_waiting(connection, True)
        limits.remove(connection)
    assert len(limits) == 0 and not limits._of_address and not limits._waiting


def test_the_limit_of_open_files_leaves_room_for_the_database() -> None:
    assert possible_connections(10**9) < 65_536
    assert possible_connections(10) == 10


async def test_a_connection_over_the_limit_gets_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = ConnectionLimits(4, 1)
    async with serving_peers(monkeypatch, limits) as server:
        assert limits.add(OneConnection(), "127.0.0.1")
        reader, writer = await server.connect()
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 503") and b"retry-after: 5" in answer and b"/problems/busy" in answer
        writer.close()


async def test_many_pipelined_requests_are_answered_without_holding_the_loop(
    served: ServerOfPeers, monkeypatch: pytest.MonkeyPatch
) -> None:
    deepest = 0
    parse = LimitedProtocol._parse_piece

    def parse_and_watch(protocol: LimitedProtocol, piece: bytes) -> None:
        nonlocal deepest
        parse(protocol, piece)
        deepest = max(deepest, len(protocol.pipeline))

    monkeypatch.setattr(LimitedProtocol, "_parse_piece", parse_and_watch)
    reader, writer = await served.connect()
    sending = asyncio.create_task(_send(writer, GET * 5_000))
    for number in range(5_000):
        await reader.readuntil(b"ok")
        if number % 1_000 == 0:
            assert (await served.get()).startswith(b"HTTP/1.1 200")
    await sending
    assert deepest <= MAX_PIPELINED + PIECE // len(GET) + 1
    writer.close()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
