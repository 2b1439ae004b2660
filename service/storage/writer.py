"""One writer a process: all writes pass it, first in, first out.

Why: posts commit in groups. Were a close or a decision to compete with the groups for the database's own lock, it
could lose again and again; in this queue it waits for one group at most. SQLite's lock between processes is not
fair either, so processes that share an SQLite file pass a turnstile first.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service.web.measuring import WRITER_WAIT
from service.web.problems import Busy, Unreachable


class Writer:
    """Lets one transaction at a time write, in the order in which they asked."""

    def __init__(self, engine: AsyncEngine, *, turnstile: "Turnstile | None") -> None:
        self._engine = engine
        self._turn = asyncio.Lock()  # asyncio's lock wakes its waiters in the order in which they came
        self._turnstile = turnstile
        self.after_turns: list[Callable[[], None]] = []
        self.turns = 0  # that have ended, however they did
        self.waits = 0  # of turns that somebody else had first, in this process or another

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose transaction commits at the end of the block and rolls back on an exception."""
        asked = time.perf_counter()
        self.waits += self._turn.locked()
        async with self._turn, self._turnstile.passed(self._note_wait) if self._turnstile else nullcontext():
            try:
                async with busy_is_a_problem(), self._engine.begin() as connection:
                    WRITER_WAIT.observe(time.perf_counter() - asked)
                    yield connection
            finally:  # a commit may have come about also where it failed for us
                self.turns += 1
                for call in self.after_turns:
                    call()

    def _note_wait(self) -> None:
        self.waits += 1


class Turnstile:
    """A fair passage for the processes that write one SQLite file.

    Two files are locked (flock): the gate, then the room; the gate is let go once inside. Whoever leaves the room
    and wants in again finds the gate held by the one who waited, so nobody overtakes twice. The kernel lets go of
    both when a process dies.
    """

    def __init__(self, database: Path, *, patience_seconds: float) -> None:
        self._gate = Path(f"{database}-gate")
        self._room = Path(f"{database}-room")
        self._patience = patience_seconds
        self._files: tuple[int, int] | None = None

    @asynccontextmanager
    async def passed(self, waits: Callable[[], None]) -> AsyncIterator[None]:
        """Inside the room, ``waits`` called where somebody is there; raises :class:`Busy` when that takes too long."""
        gate, room = self._open()
        until = asyncio.get_running_loop().time() + self._patience
        await _lock(gate, until, waits)
        try:
            await _lock(room, until, waits)
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


async def _lock(file: int, until: float, waits: Callable[[], None]) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waits()
            if asyncio.get_running_loop().time() > until:
                raise Busy from None
            await asyncio.sleep(0.001)
        else:
            return


@asynccontextmanager
async def busy_is_a_problem() -> AsyncIterator[None]:
    """Raise :class:`Busy` or :class:`Unreachable` for what the drivers say of a database that can't just now."""
    try:
        yield
    except DBAPIError as error:
        if is_busy(error):
            raise Busy from error
        if error.connection_invalidated:
            raise Unreachable("The connection to the database was lost.") from error
        raise
    except OSError as error:  # what the drivers raise while connecting
        raise Unreachable(f"The database can't be reached: {error}.") from error


def is_passing(error: DBAPIError | PoolTimeoutError) -> bool:
    """Whether what the database could not do just now it may do in a moment."""
    return isinstance(error, PoolTimeoutError) or is_busy(error) or error.connection_invalidated


def is_busy(error: DBAPIError) -> bool:
    """Whether the database refused only because somebody else held a lock for too long, or it gave up a deadlock.

    SQLite says so by SQLITE_BUSY, PostgreSQL by SQLSTATE 55P03 (lock_not_available) or 40P01 (deadlock_detected). Also
    where somebody has just migrated, and a statement that was prepared before has to be prepared again.
    """
    original = error.orig
    if getattr(original, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
        return True
    prepared_before = "InvalidCachedStatementError" in type(original).__name__
    return prepared_before or getattr(original, "sqlstate", None) in {"55P03", "40P01"}
