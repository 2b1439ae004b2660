"""A fake Akismet server: it follows the protocol, records the requests, and can misbehave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Literal
from urllib.parse import parse_qsl

from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.screening.akismet import Akismet
from service.platform.sites.site_lookup import Site

Says = Literal["true", "false", "discard", "invalid", "garbage", "huge", "packed", "redirect", "limited", "error"]
Does = Literal["hang", "hang up", "trickle"]

FINE = "200 OK"
ANSWERS: dict[Says, tuple[str, str, bytes]] = {
    "true": (FINE, "", b"true"),
    "false": (FINE, "", b"false\n"),
    "discard": (FINE, "X-akismet-pro-tip: discard\r\n", b"true"),
    "invalid": (FINE, 'X-akismet-debug-help: Empty "blog" value\r\n', b"invalid"),
    "garbage": (FINE, "", b"<html>true</html>"),
    "huge": (FINE, "", b"false" + b" " * 70_000),
    "packed": (FINE, "Content-Encoding: gzip\r\n", b"\x1f\x8b false"),
    "redirect": ("307 Temporary Redirect", "Location: /1.1/elsewhere\r\n", b"false"),
    "limited": ("429 Too Many Requests", "", b"false"),
    "error": ("503 Service Unavailable", "", b"false"),
}


class AnAkismet:
    """``asked`` has the paths and forms of the requests; ``says`` is the answer to the next ones."""

    def __init__(self) -> None:
        self.says: Says | Does = "false"
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.url = ""
        self._came = asyncio.Condition()
        self._released = asyncio.Event()

    async def has_been_asked(self, times: int) -> None:
        """Wait until it has received ``times`` requests."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.asked) >= times)

    def release(self, says: Says = "false") -> None:
        """Answer all hanging requests."""
        self.says = says
        self._released.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client disconnected
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        form = await reader.readexactly(int(headers["content-length"]))
        async with self._came:
            self.asked.append((request, dict(parse_qsl(form.decode(), keep_blank_values=True, strict_parsing=True))))
            self.headers.append(headers)
            self._came.notify_all()
        if self.says == "hang up":
            return False
        if self.says in {"hang", "trickle"}:
            if self.says == "trickle":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfal")
                await writer.drain()
            await self._released.wait()
            return False if writer.is_closing() else await self._send(writer)
        return await self._send(writer)

    async def _send(self, writer: asyncio.StreamWriter) -> bool:
        status, more, body = next(answer for says, answer in ANSWERS.items() if says == self.says)
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nSet-Cookie: who=you; Path=/\r\n{more}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        return True


def no_akismet() -> AkismetCheck:
    """A check of posts that never reaches Akismet."""

    async def find_no_key(_site: Site) -> None:
        return None

    return AkismetCheck(Akismet("http://127.0.0.1:9"), find_key=find_no_key)


@asynccontextmanager
async def an_akismet(*, certificate: SSLContext | None = None) -> AsyncIterator[AnAkismet]:
    """A server on a free port; it answers “false” by default."""
    akismet = AnAkismet()
    server = await asyncio.start_server(akismet.serve, "127.0.0.1", 0, ssl=certificate)
    scheme = "https" if certificate else "http"
    akismet.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield akismet
    finally:
        akismet.release()
        server.close()
