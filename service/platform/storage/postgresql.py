"""PostgreSQL engines: versions 15 to 18, one or more hosts, with or without a connection pooler.

*Why settings are sent in two ways*: startup parameters are free, but PgBouncer refuses unknown ones, and its
transaction mode loses session settings. With a pooler, each transaction therefore sets its own (one more statement),
and no statement stays prepared. A pooler is detected by the process id at connection start: it is not the server's.
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

MIN_VERSION = 15
SINCE_VERSION = {"transaction_timeout": 17}  # settings that older servers do not know
CONNECT_SECONDS = 2.0  # per host, like libpq's connect_timeout
CLOSE_SECONDS = 0.5
LOCK_TIMEOUT_SECONDS = 2
KEEPALIVE = {  # a dead peer is noticed within 20 seconds, unacknowledged data within 5
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 3,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 5_000,
}
SERVER_KEEPALIVE = {  # the same for the server's side, which frees the locks of a client that is gone
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "5000",
}
TRANSACTION_EXTRA_MS = 500
Settings = dict[str, str]


def reader_settings(time_limit: float | None) -> Settings:
    """Server settings of connections that read."""
    limits = {} if time_limit is None else _time_limits(time_limit)
    # The statements are short, and JIT compilation would cost more than running them.
    return {"jit": "off", "idle_in_transaction_session_timeout": "60s", **limits}


def _time_limits(seconds: float) -> Settings:
    """Limits of a statement and, a little longer, of its transaction.

    While a statement is prepared, neither the statement's limit nor the idle limit applies. If the network fails just
    then, only the transaction's limit frees the locks, or the server's TCP keepalive if the server is too old.
    """
    return {
        "statement_timeout": f"{round(seconds * 1000)}ms",
        "transaction_timeout": f"{round(seconds * 1000) + TRANSACTION_EXTRA_MS}ms",
    }


def writer_settings(time_limit: float | None) -> Settings:
    """Server settings of the connection that writes."""
    # A process suspended in a transaction loses its locks after about the time that others wait for them.
    idle = {} if time_limit is None else {"idle_in_transaction_session_timeout": f"{round(time_limit * 500)}ms"}
    # Every query of the writer has an index. A plan made for small tables stays in use until the tables are analysed,
    # and would scan them whole for each batch. The server's CPU time per post, on a connection that was opened on empty
    # tables which then grew to 50,000 rows (median of six): 0.53 ms with this setting, 0.72 ms without it and more with
    # each row, 0.90 ms with plan_cache_mode=force_custom_plan, which plans each time.
    by_index = {"enable_seqscan": "off"}
    return {**reader_settings(time_limit), **idle, **by_index, "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s"}


def postgresql_engine(
    server: "Server", connections: int, settings: Settings, *, pool_seconds: float | None
) -> AsyncEngine:
    """Create an engine for ``server`` with at most ``connections``; ``settings`` apply to its transactions."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=pool_seconds or 3600,
        hide_parameters=True,  # readers' text does not belong in the log
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Dialect, *_: object) -> Any:
        pooled = await_(server.is_pooled())
        cache = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str} if pooled else {}
        known = server.known(settings)
        return dialect.loaded_dbapi.connect(async_creator_fn=server.connect, settings=known, **cache)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        if server.pooled:
            known = server.known(settings).items()
            calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in known)
            connection.exec_driver_sql(f"SELECT {calls}")

    return engine


async def set_lock_timeout(connection: AsyncConnection, *, seconds: float) -> None:
    """Set the lock timeout of this transaction; on SQLite it already holds the only lock."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{round(seconds * 1000)}ms'")


class Server:
    """The server that a URL names, or the primary among several."""

    def __init__(self, url: PostgresUrl, *, time_limit: float | None) -> None:
        self._url, self._time_limit = url, time_limit
        self._hosts = deque(url.hosts)
        self._attributes = url.target_session_attrs or ("read-write" if len(url.hosts) > 1 else "any")
        self.pooled: bool | None = None
        self._version = 0

    def known(self, settings: Settings) -> Settings:
        """Those of ``settings`` that the server knows, after :meth:`is_pooled`."""
        return {name: value for name, value in settings.items() if self._version >= SINCE_VERSION.get(name, 0)}

    async def is_pooled(self) -> bool:
        """Whether a pooler is in between; the first call finds that out, and the version, with its own connection."""
        if self.pooled is None:
            connection = await self._connect_to_first({}, cache_statements=False)
            try:
                process = await connection.fetchval("SELECT pg_backend_pid()")
                self._version = connection.get_server_version().major
                self.pooled = process != connection.get_server_pid()
            finally:
                await connection.close()
        return self.pooled

    async def connect(self, settings: Settings) -> asyncpg.Connection:
        """Connect with ``settings`` for the session; with a pooler, each transaction sets them instead.

        Raises asyncpg's errors or OSError.
        """
        if self.pooled:
            return await self._connect_to_first({}, cache_statements=False)
        return await self._connect_to_first(SERVER_KEEPALIVE | settings, cache_statements=True)

    async def _connect_to_first(self, settings: Settings, *, cache_statements: bool) -> asyncpg.Connection:
        """Connect to the first suitable host, starting with the last successful one."""
        for attempt in range(len(self._hosts)):
            try:
                return await self._connect_to(*self._hosts[0], settings, cache_statements=cache_statements)
            except (OSError, CannotConnectNowError, TargetServerAttributeNotMatched):
                self._hosts.rotate(-1)
                if attempt == len(self._hosts) - 1:
                    raise
        raise AssertionError("a URL has a host")

    async def _connect_to(
        self, host: str, port: int, settings: Settings, *, cache_statements: bool
    ) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            **self._url.connect_arguments(host, port) | {"target_session_attrs": self._attributes},
            server_settings={"application_name": "onereply", **self._url.server_settings(), **settings},
            timeout=self._url.connect_timeout or CONNECT_SECONDS,
            command_timeout=self._time_limit,
            connection_class=SocketConnection,
            statement_cache_size=100 if cache_statements else 0,
        )
        keep_alive(connection.socket, self._url)
        version = connection.get_server_version()
        if version.major < MIN_VERSION:
            await connection.close()
            raise DatabaseUnavailable(
                f"PostgreSQL {version.major}.{version.minor} is too old: One Reply needs {MIN_VERSION} or newer."
            )
        return connection


class SocketConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection with a known socket and a short timeout for closing."""

    def __init__(self, protocol: Any, transport: BaseTransport, *arguments: Any) -> None:
        super().__init__(protocol, transport, *arguments)
        self.socket: socket.socket | None = transport.get_extra_info("socket")

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as asyncpg has it
        """Close the connection; wait at most :data:`CLOSE_SECONDS` for the server."""
        await super().close(timeout=min(timeout or CLOSE_SECONDS, CLOSE_SECONDS))


def keep_alive(connected: socket.socket | None, url: PostgresUrl) -> None:
    """Enable TCP keepalive and user timeout (RFC 9293, section 3.8.4; RFC 5482), from the URL or our defaults."""
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
        option = getattr(socket, name, None)  # not every system has all of them
        if option is not None and value != 0:
            connected.setsockopt(socket.IPPROTO_TCP, option, KEEPALIVE[name] if value is None else value)
