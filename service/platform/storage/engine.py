"""The database: many readers, one writer, and a time limit for every transaction.

A read is one consistent snapshot. A write is one turn of the process's only writer (``platform/storage/writer.py``).

*Why a time limit*: a connection can go silent (an address failover, a suspended machine), and TCP would wait for
minutes. At the limit the connection is closed, which ends the waiting statement at once. A regular cancel request would
wait for the same silent server.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.background import running
from service.platform.metrics import DATABASE_CONNECTIONS
from service.platform.problems import DatabaseUnavailable
from service.platform.storage.database_url import SqliteUrl, parse_database_url
from service.platform.storage.failures import CONNECTION_LOST, TIMED_OUT, Outages, problem_of
from service.platform.storage.postgresql import Server, postgresql_engine, reader_settings, writer_settings
from service.platform.storage.slow_statements import log_slow_statements
from service.platform.storage.sqlite import sqlite_engine
from service.platform.storage.write_notices import receive_notices, send_notices
from service.platform.storage.writer import ProcessQueue, Writer

TIME_LIMIT_SECONDS = 4.5  # a client has its answer within five seconds
SLOW_STATEMENT_SECONDS = 1.0


class Database:
    """The database of an installation.

    ``url``: see ``platform/storage/database_url.py``. ``read_connections`` is the maximum number of connections for
    reading. ``time_limit`` is in seconds per transaction, including the wait for a connection or the writer's turn;
    None is for commands that take long. Statements slower than ``slow_statement_seconds`` are logged.
    """

    def __init__(
        self,
        url: str,
        *,
        read_connections: int = 8,
        time_limit: float | None = None,
        slow_statement_seconds: float = SLOW_STATEMENT_SECONDS,
    ) -> None:
        parsed = parse_database_url(url)
        self.dialect = "sqlite" if isinstance(parsed, SqliteUrl) else "postgresql"
        self.time_limit = time_limit
        process_queue, self._server = None, None
        # Two pools, so that readers never keep the writer waiting for a connection.
        if isinstance(parsed, SqliteUrl):
            reading, writing = sqlite_engine(parsed.path, read_connections), sqlite_engine(parsed.path, 1)
            process_queue = ProcessQueue(Path(parsed.path))
        else:
            self._server = server = Server(parsed, time_limit=time_limit)
            readers, writers = reader_settings(time_limit), writer_settings(time_limit)
            reading = postgresql_engine(server, read_connections, readers, pool_seconds=time_limit)
            writing = postgresql_engine(server, 1, writers, pool_seconds=time_limit)
        self._reading = reading.execution_options(**_READING[self.dialect])
        self._writing = writing
        self._outages = {"read": Outages("read"), "write": Outages("write")}
        self._writer = Writer(writing, process_queue=process_queue)
        for engine in (reading, writing):
            log_slow_statements(engine, seconds=slow_statement_seconds)

    @asynccontextmanager
    async def read(self, *, within: float | None = None) -> AsyncIterator[AsyncConnection]:
        """Open a connection that reads one consistent snapshot, for at most ``within`` seconds or the time limit.

        Raises :class:`Busy` or its subclass :class:`DatabaseUnavailable`.
        """
        until = self._until(within)
        with self._outages["read"].track():
            connection = self._reading.connect()
            async with asyncio.timeout_at(until):
                await connection.start()
            DATABASE_CONNECTIONS.labels("read").inc()
            try:
                async with close_at(connection, until):
                    yield connection  # the transaction begins with the first statement and always ends in a rollback
            finally:
                DATABASE_CONNECTIONS.labels("read").dec()
                await asyncio.shield(connection.close())

    def write(self, *, within: float | None = None) -> AbstractAsyncContextManager[AsyncConnection]:
        """Wait for the writer's turn and open a transaction that commits at the end of the block.

        The wait, locks and statements share ``within`` seconds or the time limit. Raises :class:`Busy` or its subclass
        :class:`DatabaseUnavailable`; then nothing was committed, unless the connection was lost during the commit.
        """
        return self._write(self._until(within))

    @asynccontextmanager
    async def _write(self, until: float | None) -> AsyncIterator[AsyncConnection]:
        with self._outages["write"].track():
            async with self._writer.transaction(until) as connection, close_at(connection, until):
                yield connection

    async def check_writer(self, *, within: float) -> None:
        """Check within ``within`` seconds that a post could be written: the turn is free and the database writable.

        This may miss a full disk or a damaged file, so a recent failure of that kind also counts. Raises :class:`Busy`.
        """
        async with self.write(within=within) as connection:
            if self.dialect == "postgresql" and await connection.scalar(_IS_READ_ONLY):
                raise DatabaseUnavailable("The database is read-only: it is a standby or configured that way.")
        if lasting := self._outages["write"].lasting:
            raise lasting

    @property
    def commits(self) -> int:
        """A counter that increases after each write transaction of this process, committed or not."""
        return self._writer.turns

    def after_writes(self, call: Callable[[], None]) -> None:
        """Call ``call``, which must not block, each time that :attr:`commits` increases."""
        self._writer.after_turns.append(call)

    @asynccontextmanager
    async def telling_writes(self) -> AsyncIterator[None]:
        """Tell other processes of this one's writes during the block, soon after each; on SQLite nobody is told."""
        written = asyncio.Event()
        self.after_writes(written.set)
        async with running(send_notices(self._server, written)) if self._server else nullcontext():
            yield

    @asynccontextmanager
    async def hearing_writes(self, call: Callable[[], None]) -> AsyncIterator[None]:
        """Call ``call`` after this process's writes, and during the block after those that others tell of."""
        self.after_writes(call)
        async with running(receive_notices(self._server, call)) if self._server else nullcontext():
            yield

    async def close(self) -> None:
        """Close every connection."""
        await self._reading.dispose()
        await self._writing.dispose()

    def _until(self, within: float | None) -> float | None:
        """The deadline of a transaction, in the loop's time."""
        limits = [limit for limit in (within, self.time_limit) if limit is not None]
        return asyncio.get_running_loop().time() + min(limits) if limits else None


@asynccontextmanager
async def close_at(connection: AsyncConnection, deadline: float | None) -> AsyncIterator[None]:
    """Close a PostgreSQL ``connection`` at ``deadline`` (loop time), so that any pending call fails at once.

    SQLite's calls run in the event loop and can't be interrupted; those that wait have their own timeouts. Raises
    :class:`DatabaseUnavailable` for errors after the connection was closed: asyncpg raises different ones, also
    ``AttributeError``, depending on what it was doing.
    """
    if deadline is None or connection.dialect.name == "sqlite":
        yield
        return
    driver: Any = connection.sync_connection and connection.sync_connection.connection.driver_connection
    timed_out = False

    def close() -> None:
        nonlocal timed_out
        timed_out = True
        driver.terminate()

    timer = asyncio.get_running_loop().call_at(deadline, close)
    try:
        yield
    except Exception as error:
        if driver.is_closed() and (timed_out or problem_of(error) is None):
            raise DatabaseUnavailable(TIMED_OUT if timed_out else CONNECTION_LOST) from error
        raise
    else:
        if driver.is_closed():
            raise DatabaseUnavailable(TIMED_OUT if timed_out else CONNECTION_LOST)
    finally:
        timer.cancel()
        if driver.is_closed():
            await connection.invalidate()  # otherwise the pool would reuse it


_READING: dict[str, dict[str, Any]] = {
    "sqlite": {"read_only": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
_IS_READ_ONLY = text("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean")
