"""Who takes part in a chaos: servers, workers and a receiver, each a process that is killed and started again."""

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
from tests.promises.programs import PATIENT, Program, settings_of
from tests.promises.serving import Server

SETTINGS = {"webhooks_allow_private": "true", "webhooks_retries": "0.3s 1s", "shutdown_seconds": "10"}
LISTENING, DELIVERING = re.compile(r"listening on (\d+)"), re.compile(r"^(delivery-worker-started)$")
STOPPED_OF_TEN = 2  # the others are killed


Start = Callable[[], Coroutine[Any, Any, Program]]


@dataclass
class Part:
    """One of those who take part; ``up`` is its present start, under way or done."""

    name: str
    start: Start
    up: asyncio.Task[Program]


@dataclass
class Cast:
    """All of them over one database.

    ``ends`` counts who was killed or told to stop; ``complaints`` are what they logged that should not have happened.
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
        """Two servers, of which the second delivers as well, two workers, a receiver."""
        self._add("server", lambda: Server.start(self.database_url, **SETTINGS, webhooks_in_serve="false"))
        self._add("server that delivers", lambda: Server.start(self.database_url, **SETTINGS, webhooks_in_serve="true"))
        self._add("worker", self._worker)
        self._add("worker", self._worker)
        self._add("receiver", self._moody_receiver)
        await self.all_up()

    def _add(self, name: str, start: Start) -> None:
        self.parts.append(Part(name, start, asyncio.create_task(start())))

    async def _worker(self) -> Program:
        command = (*PATIENT, "worker")
        return await Program.begin(command, settings_of(self.database_url, SETTINGS), ready=DELIVERING)

    async def _moody_receiver(self) -> Program:
        return await self._receiver(str(self.random.random()))

    async def _receiver(self, seed: str) -> Program:
        module = "tests.promises.a_moody_receiver"
        command = (sys.executable, "-m", module, str(self.port), str(self.ledger), seed)
        environment = {**os.environ, "RECEIVER_SECRET": self.secret}
        return await Program.begin(command, environment, ready=LISTENING)

    async def all_up(self) -> None:
        await asyncio.gather(*(part.up for part in self.parts))

    async def end_one(self) -> None:
        """Kill one at random, or at times tell it to stop; it is started again meanwhile."""
        part = self.random.choice(self.parts)
        program = await part.up
        stops = part.name != "receiver" and self.random.randrange(10) < STOPPED_OF_TEN
        self.ends[f"{'stop' if stops else 'kill'} a {part.name}"] += 1
        part.up = asyncio.create_task(self._again(part, program, program.stop if stops else program.kill))

    async def _again(self, part: Part, program: Program, end: Callable[[], Awaitable[None]]) -> Program:
        await end()
        self.complaints += program.complaints()
        return await part.start()

    async def client(self) -> httpx2.AsyncClient:
        """A client of one of the servers that are up; of the first that is, where none is now."""
        starting = {part.up for part in self.parts if part.name.startswith("server")}
        done, _ = await asyncio.wait(starting, return_when=asyncio.FIRST_COMPLETED)
        server = self.random.choice(sorted(done, key=id)).result()
        assert isinstance(server, Server)
        address = await server.told()
        if server not in self._clients:
            self._clients[server] = httpx2.AsyncClient(base_url=address, timeout=60)
        return self._clients[server]

    async def calm_down(self) -> None:
        """Nobody is killed any more, and the receiver takes whatever comes."""
        await self.all_up()
        receiver = self.parts[-1]
        moody = await receiver.up
        receiver.start = lambda: self._receiver("")
        receiver.up = asyncio.create_task(self._again(receiver, moody, moody.kill))
        await receiver.up

    async def end(self) -> None:
        """Tell everybody to stop."""
        await asyncio.gather(*(client.aclose() for client in self._clients.values()))
        for program in await asyncio.gather(*(part.up for part in self.parts), return_exceptions=True):
            if isinstance(program, Program):
                await program.stop()
                self.complaints += program.complaints()


@asynccontextmanager
async def a_cast(database_url: str, ledger: Path, random: Random) -> AsyncIterator[Cast]:
    """A cast that is up, until the end of the block. The receiver's port is its own also while it is down."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        cast = Cast(database_url, ledger, random, reserved.getsockname()[1])
        try:
            await cast.begin()
            yield cast
        finally:
            await cast.end()
