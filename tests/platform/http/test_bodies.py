"""Request bodies: a client can't hold the event loop or memory with one, nor change its headers after the head."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from service.platform.http.connection_limits import ConnectionLimits
from service.platform.http.server_limits import LimitedProtocol
from tests.platform.http.test_slow_peers import ServerOfPeers, serving_peers, until

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 1_000_000


async def reading_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body and answers with its length and the names of the headers."""
    request = Request(scope, receive)
    length = len(await request.body())
    await JSONResponse([length, request.headers.keys()])(scope, receive, send)


async def exchange(server: ServerOfPeers, sent: bytes) -> bytes:
    """Send ``sent``; returns the first kilobyte of the response."""
    reader, writer = await server.connect(sent)
    async with asyncio.timeout(20):
        received = await reader.read(1000)
    writer.transport.abort()
    return received


async def test_trailers_do_not_become_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving_peers(monkeypatch, ConnectionLimits(), reading_app) as server:
        trailer = b"Authorization: Bearer x\r\nX-Forwarded-For: 192.0.2.1\r\n"
        received = await exchange(server, CHUNKED + b"2\r\nhi\r\n0\r\n" + trailer + b"\r\n")
    assert received.endswith(b'[2,["host","transfer-encoding"]]')


async def test_the_framing_of_a_body_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = {
        "chunks of one byte": b"1\r\nx\r\n" * (MEGABYTE // 6),
        "an extension": b"1;" + b"x" * MEGABYTE,
        "trailers": b"0\r\n" + b"A: b\r\n" * (MEGABYTE // 6),
        "one trailer": b"0\r\nA: " + b"x" * MEGABYTE,
    }
    async with serving_peers(monkeypatch, ConnectionLimits(), reading_app) as server:
        for name, body in endless.items():
            assert (await exchange(server, CHUNKED + body)).startswith(b"HTTP/1.1 413"), name
        chunks = b"".join(b"400\r\n" + b"x" * 1024 + b"\r\n" for _ in range(4096))
        assert b"[4194304," in await exchange(server, CHUNKED + chunks + b"0\r\n\r\n"), "usual chunks pass"


async def test_other_clients_have_their_turn_while_a_body_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = [0]
    parse = LimitedProtocol._parse_piece

    def count(protocol: LimitedProtocol, piece: bytes) -> None:
        turns[-1] += len(piece)
        parse(protocol, piece)

    async def note_turns() -> None:
        while True:
            turns.append(0)
            await asyncio.sleep(0)

    monkeypatch.setattr(LimitedProtocol, "_parse_piece", count)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    async with serving_peers(monkeypatch, ConnectionLimits(), reading_app) as server:
        noting = asyncio.create_task(note_turns())
        received = await exchange(server, head + bytes(MEGABYTE))
        noting.cancel()
    assert b"[1000000," in received
    assert 0 < max(turns) <= 16 * 1024


async def test_a_body_waits_in_the_kernel_for_a_slow_app(monkeypatch: pytest.MonkeyPatch) -> None:
    may_read = asyncio.Event()

    async def slow_app(scope: Scope, receive: Receive, send: Send) -> None:
        await may_read.wait()
        await reading_app(scope, receive, send)

    async with serving_peers(monkeypatch, ConnectionLimits(), slow_app) as server:
        length = 16 * MEGABYTE
        reader, writer = await server.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
        await until(lambda: bool(server.limits._connections))
        (protocol,) = server.limits._connections
        assert isinstance(protocol, LimitedProtocol)
        await until(lambda: protocol.cycle is not None)
        writer.write(bytes(length))
        await until(lambda: len(protocol.cycle.body) > 65_536)
        await until(lambda: protocol.flow.read_paused or len(protocol.cycle.body) > length // 2)
        waiting = len(protocol.cycle.body)
        may_read.set()
        async with asyncio.timeout(20):
            assert b"[16000000," in await reader.read(1000)
        writer.close()
    assert waiting < MEGABYTE


async def endless_response(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers for ever, as a live stream does, and receives what the client sends meanwhile."""

    async def lines() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    await StreamingResponse(lines())(scope, receive, send)


async def test_a_client_can_not_send_without_end_during_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving_peers(monkeypatch, ConnectionLimits(), endless_response) as server:
        reader, writer = await server.connect(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
        await reader.readuntil(b"first")
        with suppress(OSError):
            for _ in range(20):
                writer.write(bytes(MEGABYTE))
                await writer.drain()
        await until(lambda: len(server.limits) == 0)
        writer.transport.abort()
