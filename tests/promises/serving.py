"""``onereply serve`` as a real process, on a port that the kernel gives."""

import re
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from tests.builders import ASite, AThread
from tests.promises.programs import ONEREPLY, PATIENT, Program, begin_process, settings_of

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
        server = cls(await begin_process(PATIENT_COMMAND, settings_of(database_url, settings)), database_url)
        async with server.client() as client:
            assert (await client.get("/readyz")).status_code == 200
        return server

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A client of this process, with as many connections as it likes."""
        # Given up before the server does, after five seconds: else a request could meet a connection that just ended.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=1)
        async with httpx2.AsyncClient(base_url=await self.told(), limits=limits, timeout=60) as client:
            yield client

    @asynccontextmanager
    async def thread(self, thread: AThread) -> AsyncIterator[AThread]:
        """``thread`` as this process serves it."""
        async with self.client() as client:
            site = thread.site
            yield AThread(ASite(site.app, site.slug, site.keys, client), thread.article)


@asynccontextmanager
async def serving(database_url: str, **settings: str) -> AsyncIterator[Server]:
    """A process that serves the database, with ``settings`` by their names, until the end of the block."""
    server = await Server.start(database_url, **settings)
    try:
        yield server
    finally:
        await server.stop()
