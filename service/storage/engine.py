"""The database as the rooms use it: many readers, one writer.

A read is one consistent snapshot; a write is one turn at the process's only writer (``storage/writer.py``).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from service.storage.sqlite import BUSY_TIMEOUT_SECONDS, sqlite_engine
from service.storage.writer import Turnstile, Writer, busy_is_a_problem

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
LOCK_TIMEOUT_SECONDS = 2


class Database:
    """One database of an installation.

    ``url`` is ``sqlite:///PATH`` or ``postgresql://…``; ``read_connections`` bounds what readers hold at a time.
    """

    def __init__(self, url: str, *, read_connections: int = 8) -> None:
        parsed = make_url(url)
        self.dialect = parsed.get_backend_name()
        parsed = parsed.set(drivername=DRIVERS[self.dialect])
        make_engine = sqlite_engine if self.dialect == "sqlite" else _postgresql
        # Two pools, so that no number of readers can keep the writer waiting for a connection.
        self._reading = make_engine(parsed, read_connections).execution_options(**_reading(self.dialect))
        self._writing = sqlite_engine(parsed, 1) if self.dialect == "sqlite" else _postgresql(parsed, 1, **_BY_INDEX)
        self._writer = Writer(self._writing, turnstile=_turnstile(parsed) if self.dialect == "sqlite" else None)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that reads one consistent snapshot."""
        async with busy_is_a_problem(), self._reading.connect() as connection:
            yield connection  # its transaction begins with the first statement and is rolled back at the end

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection in a transaction that commits at the end of the block; waits for the writer's turn.

        Raises :class:`service.web.problems.Busy` when another process keeps the database for too long.
        """
        return self._writer.transaction()

    @property
    def commits(self) -> int:
        """Moves with each transaction of this process that may have changed something, once it is over."""
        return self._writer.turns

    def after_writes(self, call: Callable[[], None]) -> None:
        """Have ``call``, which waits for nothing, called whenever :attr:`commits` has moved."""
        self._writer.after_turns.append(call)

    @property
    def waits(self) -> int:
        """Moves when a transaction of this process has to wait, for another of it or of another process."""
        return self._writer.waits

    async def close(self) -> None:
        """Close every connection."""
        await self._reading.dispose()
        await self._writing.dispose()


class OfApp(Protocol):
    """A request, as far as a room that knows no HTTP is concerned."""

    @property
    def app(self) -> Any:
        """The app, whose state has the database."""


def database_of(request: OfApp) -> Database:
    """The database of the app that ``request`` came to."""
    database = request.app.state.database
    assert isinstance(database, Database)
    return database


def _reading(dialect: str) -> dict[str, Any]:
    if dialect == "sqlite":
        return {"read_only": True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _turnstile(url: URL) -> Turnstile:
    assert url.database
    return Turnstile(Path(url.database), patience_seconds=BUSY_TIMEOUT_SECONDS)


# Whatever the writer looks for has an index. A plan that was made while the tables were small, and is kept as they grow
# until somebody has counted them, would go through all of them, for each post.
_BY_INDEX = {"enable_seqscan": "off"}


def _postgresql(url: URL, connections: int, **settings: str) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
        hide_parameters=True,  # what readers write does not belong in the log
        connect_args={
            "server_settings": {
                "application_name": "onereply",
                "jit": "off",  # statements here are short; compiling them costs more than running them
                "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
                "idle_in_transaction_session_timeout": "60s",
                **settings,
            }
        },
    )
