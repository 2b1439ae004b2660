"""``onereply serve`` as a real process, on a port from the kernel."""

import asyncio
import re
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from tests.builders import ASite, AThread
from tests.promises.processes import ONEREPLY, PATIENT, Program, settings_of, start_process

SERVE = ("serve", "--port", "0")
COMMAND, PATIENT_COMMAND = (*ONEREPLY, *SERVE), (*PATIENT, *SERVE)
RUNNING = re.compile(r"running on (http://\S+)")


class Server(Program):
    """A process that serves."""

    def __init__(self, process: Process, database_url: str) -> None:
        super().__init__(process, RUNNING)
        self.database_url = database_url

    @classmethod
    async def start(cls, database_url: str, **settings: str) -> "Server":
        """Start a process and wait until it is ready."""
        server = cls(await start_process(PATIENT_COMMAND, settings_of(database_url, settings)), database_url)
        async with server.client() as client, asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - 503 while others hold the database
                await asyncio.sleep(0.05)
        return server

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A client of this process, without a limit on connections."""
        # Shorter than the server's five seconds: otherwise a request could use a connection that was just closed.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=1)
        async with httpx2.AsyncClient(base_url=await self.ready_text(), limits=limits, timeout=60) as client:
            yield client

    @asynccontextmanager
    async def thread(self, thread: AThread) -> AsyncIterator[AThread]:
        """``thread`` as this process serves it."""
        async with self.client() as client:
            site = thread.site
            yield AThread(ASite(site.app, site.slug, site.keys, client), thread.article)


@asynccontextmanager
async def serving(database_url: str, **settings: str) -> AsyncIterator[Server]:
    """A process that serves the database, with ``settings`` by name, until the end of the block."""
    server = await Server.start(database_url, **settings)
    try:
        yield server
    finally:
        await server.stop()
