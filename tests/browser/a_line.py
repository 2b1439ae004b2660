"""A line between browsers and the service that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class ALine:
    """Hands on what comes to ``origin``, both ways; nothing while it ``is_cut``."""

    def __init__(self, service: str) -> None:
        self._service = urlsplit(service)
        self._open: set[asyncio.StreamWriter] = set()
        self.origin = ""
        self.is_cut = False

    def cut(self) -> None:
        """Break all that is under way, and let nothing through."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let through what comes from now on."""
        self.is_cut = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand on what one connection says."""
        if self.is_cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(self._service.hostname, self._service.port)
        self._open |= {writer, back}
        await asyncio.gather(_pour(reader, back), _pour(there, writer))
        self._open -= {writer, back}


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while said := await reader.read(65_536):
            writer.write(said)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def a_line(service: str) -> AsyncIterator[ALine]:
    """A line to the service at that origin, with an origin of its own."""
    line = ALine(service)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        line.cut()
