"""A TCP proxy that simulates a failing network: it passes or swallows bytes, and resets or refuses connections."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

RESET = struct.pack("ii", 1, 0)  # SO_LINGER for no seconds: the connection ends with RST


class Connection:
    """A client's connection and the server's. Once ``swallowed``, it stays so, as behind a firewall that evicted it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.client = (reader, writer)
        self.server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.swallowed = False

    async def carry(self, host: str, port: int) -> None:
        """Carry bytes both ways until one side ends; swallow bytes and ends if ``swallowed``."""
        try:
            if self.swallowed:
                await self._pump(self.client[0], None)
            else:
                await self._carry_both_ways(host, port)
        finally:
            for side in (self.client, self.server):
                if side:
                    side[1].close()

    async def _carry_both_ways(self, host: str, port: int) -> None:
        try:
            self.server = await asyncio.open_connection(host, port)
        except OSError:
            self.reset()
            return
        await asyncio.gather(self._pump(self.client[0], self.server[1]), self._pump(self.server[0], self.client[1]))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter | None) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                if target and not self.swallowed:
                    target.write(data)
                    await target.drain()
        if target and not self.swallowed:
            target.close()

    def reset(self) -> None:
        """End both sides with RST."""
        for side in (self.client, self.server):
            if side:
                with suppress(OSError):  # this side has closed already
                    side[1].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                side[1].transport.abort()


class Proxy:
    """Listens on ``port`` of 127.0.0.1 and forwards to ``host`` and ``server_port``."""

    def __init__(self, host: str, server_port: int) -> None:
        self._target = (host, server_port)
        self._listener: asyncio.Server | None = None
        self._swallows = False
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def running(cls, host: str, server_port: int) -> "AsyncIterator[Proxy]":
        """Run a proxy on a free port during the block."""
        proxy = cls(host, server_port)
        await proxy.pass_on()
        try:
            yield proxy
        finally:
            await proxy.refuse()

    async def pass_on(self) -> None:
        """Forward the bytes of new connections."""
        self._swallows = False
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    def swallow(self) -> None:
        """Keep every connection open, accept new ones, and forward nothing."""
        self._swallows = True
        for connection in self._connections.values():
            connection.swallowed = True

    async def cut(self) -> None:
        """Reset all connections; new ones are forwarded or swallowed as before."""
        tasks = list(self._connections)
        for connection in self._connections.values():
            connection.reset()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def refuse(self) -> None:
        """Reset all connections and refuse new ones."""
        if self._listener:
            self._listener.close()
            self._listener = None
        await self.cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        connection.swallowed = self._swallows
        task = asyncio.create_task(connection.carry(*self._target))
        self._connections[task] = connection
        task.add_done_callback(self._connections.pop)
