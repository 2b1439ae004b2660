"""A server that ran out of file descriptors accepts connections again, and honest readers are answered meanwhile."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.cli import accepting_loop
from service.cli.accepting_loop import Acceptor


class Echo(asyncio.Protocol):
    """Sends back what it receives."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)
        self._transport.close()


class FullListener:
    """A listening socket whose first calls of ``accept`` find no free descriptor."""

    def __init__(self, listener: socket.socket, failures: list[int]) -> None:
        self._listener, self._failures = listener, failures

    def accept(self) -> tuple[socket.socket, Any]:
        if self._failures:
            raise OSError(self._failures.pop(), "no room")
        return self._listener.accept()

    def fileno(self) -> int:
        return self._listener.fileno()


@pytest.fixture
async def listener() -> AsyncIterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.mark.parametrize("failures", [[], [errno.EMFILE], [errno.ENFILE, errno.EMFILE, errno.ECONNABORTED]])
async def test_accepting_goes_on_after_a_failure(
    listener: socket.socket, failures: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting_loop, "RETRY_SECONDS", 0.05)
    loop = asyncio.get_running_loop()
    full: Any = FullListener(listener, failures)
    acceptor = Acceptor(loop, full, Echo)
    for _ in range(3):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"hello")
        assert await asyncio.wait_for(reader.read(), 10) == b"hello"
        writer.close()
    assert not failures
    acceptor.close()
    await acceptor.wait_closed()
