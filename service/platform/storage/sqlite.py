"""SQLite engines: safe under concurrency, and fast.

*Why not plain aiosqlite*: it passes each call (cursor, execute, fetch, close) to a thread and waits, four times per
statement. SQLite answers in microseconds, so switching threads took nine tenths of a read and half of a batch of posts
(a page of 50: 1,000 requests/s through the thread, 9,000 in the loop). Here calls run in the loop, except the two that
can wait: taking the write lock, and the commit, which waits for the disk.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

BUSY_TIMEOUT_SECONDS = 4  # wait for another program's lock, for transactions without a limit of their own
LOCK_WAIT = "lock_wait"  # the execution option with a transaction's own limit, in seconds
BEGIN_WRITE = "BEGIN IMMEDIATE"
T = TypeVar("T")


def sqlite_engine(path: Path, connections: int) -> AsyncEngine:
    """Create an engine for the file ``path`` with at most ``connections``; creates the file's folder."""
    path.parent.mkdir(parents=True, exist_ok=True)

    async def connect(*_arguments: object, **_keywords: object) -> aiosqlite.Connection:
        connected = _connect(path)  # before a thread starts that an error would have to stop
        return await InLoopConnection(lambda: connected, iter_chunk_size=64)

    engine = create_async_engine(
        "sqlite+aiosqlite://",
        pool_size=connections,
        max_overflow=0,
        poolclass=AsyncAdaptedQueuePool,
        async_creator=connect,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


class InLoopConnection(aiosqlite.Connection):
    """An aiosqlite connection that uses its thread only for calls that can wait.

    Calls in the loop and in the thread never overlap: only one task uses a connection at a time. If that task is
    cancelled during a call in the thread, the next call (rollback, close) waits for the thread first.
    """

    _pending: "asyncio.Future[Any] | None" = None

    async def _execute(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        if self._pending is not None:
            await asyncio.wait([self._pending])
            self._pending = None
        if fn.__name__ != "commit" and not (args and args[0] == BEGIN_WRITE):
            return fn(*args, **kwargs)
        waiting: Awaitable[T] = super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]  # aiosqlite's
        self._pending = work = asyncio.ensure_future(waiting)
        result = await asyncio.shield(work)
        self._pending = None
        return result


def _connect(path: Path) -> sqlite3.Connection:
    with suppress(FileExistsError):  # the file holds e-mail addresses; SQLite's other files take its mode
        path.touch(mode=0o600, exist_ok=False)
    # The driver's own transactions begin too late and end before DDL, so they are off (isolation_level); the “begin”
    # hook starts transactions instead.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledged commit survives a power cut
        f"busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}",
        "foreign_keys=ON",
        "secure_delete=ON",  # overwrites deleted text in the file; not every build has it on
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _begin(connection: Connection) -> None:
    # A write transaction takes the write lock at once. If it took the lock later, its snapshot could be outdated, and
    # SQLite would refuse the lock without waiting.
    options = connection.get_execution_options()
    if options.get("read_only", False):
        connection.exec_driver_sql("BEGIN")
        return
    wait = options.get(LOCK_WAIT, BUSY_TIMEOUT_SECONDS)
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={round(wait * 1000)}")
    cursor.close()
    connection.exec_driver_sql(BEGIN_WRITE)
