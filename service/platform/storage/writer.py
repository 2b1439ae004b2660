"""The single writer of a process: writes take turns, first in, first out.

*Why*: posts commit in batches. If a close or a decision competed with them for the database's own lock, it could lose
again and again; in this queue it waits for one batch at most. SQLite's lock between processes is not fair either, so
processes that share an SQLite file wait in a queue of their own first.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service.platform.metrics import WRITER_WAIT
from service.platform.problems import Busy
from service.platform.storage.failures import READ_ONLY, sqlstate_of
from service.platform.storage.sqlite import LOCK_WAIT


class Writer:
    """Runs one write transaction at a time, in the order of the requests."""

    def __init__(self, engine: AsyncEngine, *, process_queue: "ProcessQueue | None") -> None:
        self._engine = engine
        self._turn = asyncio.Lock()  # asyncio's lock is fair: it wakes waiters in order
        self._process_queue = process_queue
        self.after_turns: list[Callable[[], None]] = []
        self.turns = 0  # transactions that have ended, committed or not

    @asynccontextmanager
    async def transaction(self, until: float | None) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits at the end of the block and rolls back on an exception.

        Raises :class:`Busy` if the turn does not come before ``until``, in the loop's time.
        """
        waiting_since = time.perf_counter()
        await self._take_turn(until)
        try:
            turn = self._process_queue.turn(until) if self._process_queue else nullcontext()
            async with turn, self._connection(until) as connection, connection.begin():
                WRITER_WAIT.observe(time.perf_counter() - waiting_since)
                yield connection
        finally:  # a commit may have succeeded even if it failed for us
            self._turn.release()
            self.turns += 1
            for call in self.after_turns:
                call()

    async def _take_turn(self, until: float | None) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._turn.acquire()
        except TimeoutError:
            raise Busy(cause="Timed out while waiting for the writer.") from None

    @asynccontextmanager
    async def _connection(self, until: float | None) -> AsyncIterator[AsyncConnection]:
        connection = self._engine.connect()
        async with asyncio.timeout_at(until):
            await connection.start()
        try:
            if until is not None and self._process_queue:
                left = max(0.0, until - asyncio.get_running_loop().time())
                await connection.execution_options(**{LOCK_WAIT: left})
            yield connection
        except Exception as error:
            if sqlstate_of(error) == READ_ONLY:  # after a failover, the next connection finds the new primary
                await connection.invalidate()
            raise
        finally:
            await asyncio.shield(connection.close())


class ProcessQueue:
    """A fair queue for the processes that write one SQLite file.

    It locks two files (flock): the gate, then the room; then it unlocks the gate. A process that leaves the room and
    returns finds that the next waiter holds the gate, so no process can overtake twice. The kernel releases both locks
    when a process dies.
    """

    def __init__(self, database: Path) -> None:
        self._gate = Path(f"{database}-gate")
        self._room = Path(f"{database}-room")
        self._files: tuple[int, int] | None = None

    @asynccontextmanager
    async def turn(self, until: float | None) -> AsyncIterator[None]:
        """Hold the room during the block; raises :class:`Busy` if another process still holds it after ``until``."""
        gate, room = self._open()
        await _lock(gate, until)
        try:
            await _lock(room, until)
        finally:
            fcntl.flock(gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(room, fcntl.LOCK_UN)

    def _open(self) -> tuple[int, int]:
        if self._files is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._files = os.open(self._gate, flags, 0o600), os.open(self._room, flags, 0o600)
        return self._files


async def _lock(file: int, until: float | None) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if until is not None and asyncio.get_running_loop().time() > until:
                raise Busy(cause="Another process held the database for too long.") from None
            await asyncio.sleep(0.001)
        else:
            return
