"""PostgreSQL as the engine uses it: versions 15 to 18, one or several hosts, directly or behind a pooler.

*Why settings are sent in two ways*: as startup parameters they cost nothing, but PgBouncer refuses those it does not
know, and in transaction mode it forgets what a session sets. Behind a pooler each transaction therefore sets its own
(one more statement), and no statement stays prepared. A pooler shows itself: the process id that it gives at the start
is not the server's.
"""

import socket
from asyncio import BaseTransport
from collections import deque
from typing import Any

import asyncpg
from asyncpg.exceptions import CannotConnectNowError, TargetServerAttributeNotMatched
from sqlalchemy import Connection, Dialect, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_

from service.platform.problems import DatabaseUnavailable
from service.platform.storage.database_url import PostgresUrl

OLDEST_VERSION = 15
CONNECT_SECONDS = 2.0  # per host, as libpq's connect_timeout
CLOSE_SECONDS = 0.5
LOCK_TIMEOUT_SECONDS = 2
KEEPALIVE = {  # a peer that is gone is noticed within 20 seconds, data that nobody acknowledges within 5
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 3,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 5_000,
}
Settings = dict[str, str]


def reader_settings(time_limit: float | None) -> Settings:
    """The server's settings for a connection that reads."""
    limits = {} if time_limit is None else {"statement_timeout": f"{round(time_limit * 1000)}ms"}
    # Statements here are short; compiling them costs more than running them.
    return {"jit": "off", "idle_in_transaction_session_timeout": "60s", **limits}


def writer_settings(time_limit: float | None) -> Settings:
    """The server's settings for the connection that writes."""
    # A process that is frozen in a transaction holds its locks hardly longer than others wait for them.
    idle = {} if time_limit is None else {"idle_in_transaction_session_timeout": f"{round(time_limit * 500)}ms"}
    # Whatever the writer looks for has an index. A plan that was made while the tables were small, and is kept as they
    # grow until somebody has counted them, would go through all of them, for each post.
    by_index = {"enable_seqscan": "off"}
    return {**reader_settings(time_limit), **idle, **by_index, "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s"}


def postgresql_engine(
    server: "Server", connections: int, settings: Settings, *, pool_seconds: float | None
) -> AsyncEngine:
    """An engine over ``server`` with at most ``connections``, for whose transactions ``settings`` hold."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=pool_seconds or 3600,
        hide_parameters=True,  # what readers write does not belong in the log
    )
    set_locally = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Dialect, *_: object) -> Any:
        pooled = await_(server.is_pooled())
        cache = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str} if pooled else {}
        return dialect.loaded_dbapi.connect(async_creator_fn=server.connect, settings=settings, **cache)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        if server.pooled:
            connection.exec_driver_sql(f"SELECT {set_locally}")

    return engine


async def wait_for_locks(connection: AsyncConnection, *, seconds: float) -> None:
    """Have the transaction of ``connection`` wait no longer for each lock; SQLite's has the only one already."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{round(seconds * 1000)}ms'")


class Server:
    """The server, or the several of which one is the primary, that a URL names."""

    def __init__(self, url: PostgresUrl, *, time_limit: float | None) -> None:
        self._url, self._time_limit = url, time_limit
        self._hosts = deque(url.hosts)
        self._attributes = url.target_session_attrs or ("read-write" if len(url.hosts) > 1 else "any")
        self.pooled: bool | None = None

    async def is_pooled(self) -> bool:
        """Whether a pooler is between; a connection of its own finds out, once."""
        if self.pooled is None:
            connection = await self._reach({}, caches=False)
            try:
                process = await connection.fetchval("SELECT pg_backend_pid()")
                self.pooled = process != connection.get_server_pid()
            finally:
                await connection.close()
        return self.pooled

    async def connect(self, settings: Settings) -> asyncpg.Connection:
        """A connection whose session has ``settings``; behind a pooler each transaction sets them.

        Raises what asyncpg raises, or OSError.
        """
        if self.pooled:
            return await self._reach({}, caches=False)
        return await self._reach(settings, caches=True)

    async def _reach(self, settings: Settings, *, caches: bool) -> asyncpg.Connection:
        """A connection to the first host that will do, beginning with the one that did last time."""
        for attempt in range(len(self._hosts)):
            try:
                return await self._connect_to(*self._hosts[0], settings, caches=caches)
            except (OSError, CannotConnectNowError, TargetServerAttributeNotMatched):
                self._hosts.rotate(-1)
                if attempt == len(self._hosts) - 1:
                    raise
        raise AssertionError("a URL has a host")

    async def _connect_to(self, host: str, port: int, settings: Settings, *, caches: bool) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            **self._url.connect_arguments(host, port) | {"target_session_attrs": self._attributes},
            server_settings={"application_name": "onereply", **self._url.server_settings(), **settings},
            timeout=self._url.connect_timeout or CONNECT_SECONDS,
            command_timeout=self._time_limit,
            connection_class=Link,
            statement_cache_size=100 if caches else 0,
        )
        keep_alive(connection.socket, self._url)
        version = connection.get_server_version()
        if version.major < OLDEST_VERSION:
            await connection.close()
            raise DatabaseUnavailable(
                f"PostgreSQL {version.major}.{version.minor} is too old: One Reply needs {OLDEST_VERSION} or newer."
            )
        return connection


class Link(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection whose socket is known, and whose end is not waited for long."""

    def __init__(self, protocol: Any, transport: BaseTransport, *arguments: Any) -> None:
        super().__init__(protocol, transport, *arguments)
        self.socket: socket.socket | None = transport.get_extra_info("socket")

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as asyncpg has it
        """Say goodbye; a server that does not answer within :data:`CLOSE_SECONDS` is left."""
        await super().close(timeout=min(timeout or CLOSE_SECONDS, CLOSE_SECONDS))


def keep_alive(connected: socket.socket | None, url: PostgresUrl) -> None:
    """Have the kernel look for a silent peer (RFC 9293, section 3.8.4; RFC 5482), as the URL says or by default."""
    if connected is None or connected.family not in {socket.AF_INET, socket.AF_INET6} or url.keepalives is False:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    given = {
        "TCP_KEEPIDLE": url.keepalives_idle,
        "TCP_KEEPINTVL": url.keepalives_interval,
        "TCP_KEEPCNT": url.keepalives_count,
        "TCP_USER_TIMEOUT": url.tcp_user_timeout,
    }
    for name, value in given.items():
        option = getattr(socket, name, None)  # not every system has each
        if option is not None and value != 0:
            connected.setsockopt(socket.IPPROTO_TCP, option, KEEPALIVE[name] if value is None else value)
