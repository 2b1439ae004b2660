"""A TCP proxy between browsers and the service whose connections can be broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class BreakableProxy:
    """Forwards connections to ``origin``, both ways; none while it ``is_cut``."""

    def __init__(self, service: str) -> None:
        self._service = urlsplit(service)
        self._open: set[asyncio.StreamWriter] = set()
        self.origin = ""
        self.is_cut = False

    def cut(self) -> None:
        """Break all connections, and refuse new ones."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Accept connections again."""
        self.is_cut = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        if self.is_cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(self._service.hostname, self._service.port)
        self._open |= {writer, back}
        await asyncio.gather(_pour(reader, back), _pour(there, writer))
        self._open -= {writer, back}


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def a_breakable_proxy(service: str) -> AsyncIterator[BreakableProxy]:
    """Run a proxy of ``service``, at an origin of its own."""
    line = BreakableProxy(service)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        line.cut()
