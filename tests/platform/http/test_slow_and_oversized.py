"""Limits of a connection: slow heads and bodies, long targets and large headers get a problem."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import uvicorn

from service.app import App
from service.platform.http import decode as decoding
from service.platform.http import server_limits as listening
from service.platform.http.server_limits import MAX_HEAD_BYTES, MAX_TARGET_BYTES, LimitedProtocol
from tests.builders import ASite, a_thread

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def connection(app: App) -> AsyncIterator[Connection]:
    """A connection to the app, served as ``onereply serve`` does."""
    config = uvicorn.Config(app, port=0, http=LimitedProtocol, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
    yield reader, writer
    writer.close()
    await server.shutdown()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, object]]:
    """The status and the problem of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].split()[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


async def test_a_target_that_is_too_long_is_refused(connection: Connection) -> None:
    reader, writer = connection
    writer.write(b"GET /" + b"a" * MAX_TARGET_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    status, problem = await answer(reader)
    assert (status, problem["type"]) == (414, "/problems/uri-too-long")
    assert await reader.read() == b""


@pytest.mark.parametrize("end", [b"\r\n\r\n", b""], ids=["whole", "never ending"])
async def test_headers_that_are_too_large_are_refused(connection: Connection, end: bytes) -> None:
    reader, writer = connection
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * MAX_HEAD_BYTES + end)
    status, problem = await answer(reader)
    assert (status, problem["type"]) == (431, "/problems/headers-too-large")
    assert await reader.read() == b""


async def test_many_small_headers_count_together(connection: Connection) -> None:
    reader, writer = connection
    writer.write(b"GET /healthz HTTP/1.1\r\n" + b"A: b\r\n" * (MAX_HEAD_BYTES // 6 + 10) + b"\r\n")
    assert (await answer(reader))[0] == 431


async def test_a_head_that_does_not_end_times_out(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "HEAD_SECONDS", 0.05)
    reader, writer = connection
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await answer(reader))[0] == 200
    writer.write(b"GET /healthz HTTP/1.1\r\nHost:")
    status, problem = await answer(reader)
    assert (status, problem["type"]) == (408, "/problems/request-timeout")
    assert await reader.read() == b""


async def test_a_body_that_does_not_end_times_out(
    site: ASite, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "BODY_SECONDS", 0.05)
    thread = await a_thread(site)
    reader, writer = connection
    path = f"/v1/sites/{site.slug}{thread.path}/comments"
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{".encode())
    status, problem = await answer(reader)
    assert (status, problem["type"]) == (408, "/problems/request-timeout")


async def test_requests_within_the_limits_pass(connection: Connection) -> None:
    reader, writer = connection
    for _ in range(2):
        writer.write(b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n")
        assert (await answer(reader))[0] == 404  # the app's answer: there is no such page


async def test_an_invalid_request_is_400(connection: Connection) -> None:
    reader, writer = connection
    writer.write(b"nonsense\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
