"""Real processes: ``onereply serve`` on a port that the kernel gives, its log read as it comes."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from tests.builders import ASite, AThread
from tests.conftest import SECRET_KEY

COMMAND = (sys.executable, "-c", "from service.cli import main; main()", "serve", "--port", "0")
RUNNING = re.compile(r"running on (http://\S+)")


class Server:
    """A process that serves; ``log`` is what it has logged, a line each, but for requests."""

    def __init__(self, process: Process, database_url: str) -> None:
        self._process, self.database_url = process, database_url
        self.log: list[dict[str, Any]] = []
        self._address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read_log())

    @classmethod
    async def start(cls, database_url: str) -> "Server":
        """Start a process and wait until it is ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ONEREPLY_")}
        environment |= {
            "ONEREPLY_DATABASE_URL": database_url,
            "ONEREPLY_SECRET_KEY": SECRET_KEY,
            "ONEREPLY_LOG_FORMAT": "json",
            "ONEREPLY_METRICS_KEY": "only for the scraper",
        }
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*COMMAND, env=environment, stderr=pipe, stdout=pipe)
        server = cls(process, database_url)
        async with server.client() as client:
            assert (await client.get("/readyz")).status_code == 200
        return server

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A client of this process, with as many connections as it likes."""
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx2.AsyncClient(base_url=await self._address, limits=limits, timeout=60) as client:
            yield client

    @asynccontextmanager
    async def thread(self, thread: AThread) -> AsyncIterator[AThread]:
        """``thread`` as this process serves it."""
        async with self.client() as client:
            site = thread.site
            yield AThread(ASite(site.app, site.slug, site.keys, client), thread.article)

    async def kill(self) -> None:
        """End it at once, whatever it is doing (SIGKILL)."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def stop(self) -> None:
        """Tell it to stop (SIGTERM), and wait until it has."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        await self._reading

    async def _read_log(self) -> None:
        assert self._process.stderr
        async for line in self._process.stderr:
            told = json.loads(line) if line.startswith(b"{") else {"event": line.decode(), "level": "error"}
            if told["event"] == "request":
                continue
            self.log.append(told)
            if (match := RUNNING.search(told["event"])) and not self._address.done():
                self._address.set_result(match[1])
        if not self._address.done():
            self._address.set_exception(RuntimeError(f"The server did not start: {self.log}"))

    def complaints(self) -> list[dict[str, Any]]:
        """What it logged that should not have happened."""
        return [told for told in self.log if told["level"] not in {"debug", "info"}]


@asynccontextmanager
async def serving(database_url: str) -> AsyncIterator[Server]:
    """A process that serves the database until the end of the block."""
    server = await Server.start(database_url)
    try:
        yield server
    finally:
        await server.stop()
