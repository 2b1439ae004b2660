"""The processes of a chaos test: servers, workers and a receiver, which are killed and started again."""

import asyncio
import os
import re
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from service.platform.outbound.webhook_signatures import make_secret
from tests.promises.processes import PATIENT, Program, settings_of
from tests.promises.service_process import Server

SETTINGS = {"webhooks_allow_private": "true", "webhooks_retries": "0.3s 1s", "shutdown_seconds": "10"}
LISTENING, DELIVERING = re.compile(r"listening on (\d+)"), re.compile(r"^(delivery-worker-started)$")
STOPPED_OF_TEN = 2  # on average; the others are killed


Start = Callable[[], Coroutine[Any, Any, Program]]


@dataclass
class Part:
    """One process; ``up`` is its current start, running or done."""

    name: str
    start: Start
    up: asyncio.Task[Program]


@dataclass
class ChaosProcesses:
    """All processes, on one database.

    ``ends`` counts kills and stops by process name. ``complaints`` are log lines above the level info.
    """

    database_url: str
    ledger: Path
    random: Random
    port: int
    secret: str = field(default_factory=make_secret)
    ends: Counter[str] = field(default_factory=Counter)
    complaints: list[dict[str, Any]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    _clients: dict[Server, httpx2.AsyncClient] = field(default_factory=dict)

    @property
    def kills(self) -> int:
        return sum(count for end, count in self.ends.items() if end.startswith("kill"))

    async def begin(self) -> None:
        """Start two servers, the second of which also delivers, two workers and a receiver."""
        self._add("server", lambda: Server.start(self.database_url, **SETTINGS, webhooks_in_serve="false"))
        self._add("server that delivers", lambda: Server.start(self.database_url, **SETTINGS, webhooks_in_serve="true"))
        self._add("worker", self._worker)
        self._add("worker", self._worker)
        self._add("receiver", self._flaky_receiver)
        await self.wait_until_up()

    def _add(self, name: str, start: Start) -> None:
        self.parts.append(Part(name, start, asyncio.create_task(start())))

    async def _worker(self) -> Program:
        command = (*PATIENT, "worker")
        return await Program.begin(command, settings_of(self.database_url, SETTINGS), ready=DELIVERING)

    async def _flaky_receiver(self) -> Program:
        return await self._receiver(str(self.random.random()))

    async def _receiver(self, seed: str) -> Program:
        module = "tests.promises.flaky_receiver"
        command = (sys.executable, "-m", module, str(self.port), str(self.ledger), seed)
        environment = {**os.environ, "RECEIVER_SECRET": self.secret}
        return await Program.begin(command, environment, ready=LISTENING)

    async def wait_until_up(self) -> None:
        await asyncio.gather(*(part.up for part in self.parts))

    async def kill_or_stop_one(self) -> None:
        """Kill or stop a random process, and start it again in the background."""
        part = self.random.choice(self.parts)
        program = await part.up
        stops = part.name != "receiver" and self.random.randrange(10) < STOPPED_OF_TEN
        self.ends[f"{'stop' if stops else 'kill'} a {part.name}"] += 1
        part.up = asyncio.create_task(self._restart(part, program, program.stop if stops else program.kill))

    async def _restart(self, part: Part, program: Program, end: Callable[[], Awaitable[None]]) -> Program:
        await end()
        self.complaints += program.complaints()
        return await part.start()

    async def client(self) -> httpx2.AsyncClient:
        """Return a client of a random server that is up; wait for one if none is."""
        starting = {part.up for part in self.parts if part.name.startswith("server")}
        done, _ = await asyncio.wait(starting, return_when=asyncio.FIRST_COMPLETED)
        server = self.random.choice(sorted(done, key=id)).result()
        assert isinstance(server, Server)
        address = await server.ready_text()
        if server not in self._clients:
            self._clients[server] = httpx2.AsyncClient(base_url=address, timeout=60)
        return self._clients[server]

    async def stop_killing(self) -> None:
        """End the chaos: from now on the receiver accepts every message."""
        await self.wait_until_up()
        receiver = self.parts[-1]
        flaky = await receiver.up
        receiver.start = lambda: self._receiver("")
        receiver.up = asyncio.create_task(self._restart(receiver, flaky, flaky.kill))
        await receiver.up

    async def end(self) -> None:
        """Stop all processes."""
        await asyncio.gather(*(client.aclose() for client in self._clients.values()))
        for program in await asyncio.gather(*(part.up for part in self.parts), return_exceptions=True):
            if isinstance(program, Program):
                await program.stop()
                self.complaints += program.complaints()


@asynccontextmanager
async def started_processes(database_url: str, ledger: Path, random: Random) -> AsyncIterator[ChaosProcesses]:
    """Processes that run until the end of the block. The receiver's port stays reserved while it is down."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        processes = ChaosProcesses(database_url, ledger, random, reserved.getsockname()[1])
        try:
            await processes.begin()
            yield processes
        finally:
            await processes.end()
