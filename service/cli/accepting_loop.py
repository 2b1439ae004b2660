"""The event loop of ``onereply serve``: uvloop, but it goes on accepting connections after it ran out of descriptors.

*Why*: uvloop closes the listening socket for good when ``accept`` fails once with EMFILE.
"""

import asyncio
import errno
from collections.abc import Callable
from socket import socket
from typing import Any

import structlog
import uvloop

RETRY_SECONDS = 0.2
MAX_ACCEPTED_AT_ONCE = 100
OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

log = structlog.get_logger("onereply.serve")


class AcceptingLoop(uvloop.Loop):
    """A uvloop that accepts connections of a given socket by :class:`Acceptor`."""

    async def create_server(  # type: ignore[override]  # Uvicorn names no other arguments with a socket
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        *args: Any,
        sock: socket | None = None,
        backlog: int = 100,
        **options: Any,
    ) -> asyncio.AbstractServer:
        """Serve connections of ``sock``."""
        if sock is None or options.get("ssl"):
            return await super().create_server(protocol_factory, *args, sock=sock, backlog=backlog, **options)
        sock.setblocking(False)
        sock.listen(backlog)
        return Acceptor(self, sock, protocol_factory)  # type: ignore[return-value]  # all that Uvicorn calls


class Acceptor:
    """Accepts connections of ``listener``; after a failure for want of resources it tries again in a moment."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, listener: socket, protocol_factory: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop, self._listener, self._protocol_factory = loop, listener, protocol_factory
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._start()

    @property
    def sockets(self) -> tuple[socket, ...]:
        """The listening socket."""
        return () if self._is_closed else (self._listener,)

    def close(self) -> None:
        """Accept no more connections."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._listener.fileno())

    async def wait_closed(self) -> None:
        """Wait until every accepted connection has its protocol."""
        await asyncio.gather(*self._tasks)

    def _start(self) -> None:
        if not self._is_closed:
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(MAX_ACCEPTED_AT_ONCE):
            try:
                connection, _address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return  # another process was first, or the client is gone
            except OSError as error:
                if error.errno not in OUT_OF_RESOURCES:
                    raise
                log.warning("accept-failed", reason=errno.errorcode[error.errno])
                self._loop.remove_reader(self._listener.fileno())
                self._loop.call_later(RETRY_SECONDS, self._start)
                return
            task = self._loop.create_task(self._connect(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, connection: socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol_factory, connection)
        except OSError:  # the client is gone
            connection.close()
