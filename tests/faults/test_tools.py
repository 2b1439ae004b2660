"""Tests of the tools of the fault tests."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from tests.faults.a_pgbouncer import pgbouncer
from tests.faults.a_proxy import Proxy
from tests.faults.a_small_disk import SmallDisk
from tests.faults.a_standby import a_standby, promote
from tests.postgres import PostgreSQL

SHORT_SECONDS = 0.2


@asynccontextmanager
async def an_echo() -> AsyncIterator[int]:
    """The port of an echo server."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


class Client:
    """A connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def of(cls, proxy: Proxy) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    async def say(self, word: bytes) -> bytes | None:
        """Send ``word`` and return the answer; None if there is none within :data:`SHORT_SECONDS`."""
        self._writer.write(word)
        try:
            async with asyncio.timeout(SHORT_SECONDS):
                return await self._reader.read(100)
        except TimeoutError:
            return None

    def close(self) -> None:
        self._writer.transport.abort()


async def test_a_proxy_passes_swallows_cuts_and_refuses() -> None:
    async with an_echo() as port, Proxy.running("127.0.0.1", port) as proxy:
        first, second = await Client.of(proxy), await Client.of(proxy)
        assert (await first.say(b"one"), await second.say(b"two")) == (b"one", b"two")
        proxy.swallow()
        late = await Client.of(proxy)
        assert (await first.say(b"one"), await late.say(b"two")) == (None, None)
        await proxy.pass_on()
        third = await Client.of(proxy)
        assert (await first.say(b"one"), await third.say(b"three")) == (None, b"three")
        await proxy.cut()
        for cut in (first, late, third):
            with pytest.raises(ConnectionResetError):
                await cut.say(b"")
        await proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await Client.of(proxy)
        await proxy.pass_on()
        last = await Client.of(proxy)
        assert await last.say(b"again") == b"again"
        for client in (first, second, late, third, last):
            client.close()


@pytest.mark.slow
async def test_pgbouncer_shares_few_server_connections_among_many_clients(server: PostgreSQL, folder: Path) -> None:
    server.psql("CREATE DATABASE shared")
    with pgbouncer(server, "shared", folder / "pgbouncer", pool_size=2) as url:
        clients = [await asyncpg.connect(url, statement_cache_size=0) for _ in range(8)]
        pids = {await client.fetchval("SELECT pg_backend_pid()") for client in clients}
        await asyncio.gather(*(client.close() for client in clients))
        assert len(pids) <= 2
        with pytest.raises(asyncpg.PostgresError, match="unsupported startup parameter"):
            await asyncpg.connect(url, server_settings={"lock_timeout": "2s"})


@pytest.mark.slow
def test_a_standby_follows_and_is_promoted_after_the_primary_was_killed(server: PostgreSQL, folder: Path) -> None:
    with a_standby(server, folder / "standby") as standby:
        server.psql("CREATE TABLE notes AS SELECT 1 AS number")
        server.kill()
        assert standby.psql("SELECT pg_is_in_recovery()") == "t"
        promote(standby)
        standby.psql("INSERT INTO notes VALUES (2)")
        assert standby.psql("SELECT sum(number) FROM notes") == "3"


@pytest.mark.slow
def test_a_restarted_server_keeps_its_port_and_data(server: PostgreSQL) -> None:
    server.psql("CREATE TABLE notes AS SELECT 1 AS number")
    url = server.url("postgres")
    ends: list[Callable[[], None]] = [server.stop, partial(server.stop, "immediate"), server.kill]
    for end in ends:
        end()
        server.start()
    assert server.psql("SELECT count(*) FROM notes") == "1"
    assert server.url("postgres") == url


@pytest.mark.slow
async def test_a_server_with_a_password_asks_for_it(folder: Path) -> None:
    with PostgreSQL.running(folder / "server", tcp=True, password="a word of its own") as server:
        connection = await asyncpg.connect(server.url("postgres"))
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url("postgres").replace("word", "guess"))


def test_a_small_disk_can_be_filled_and_freed() -> None:
    with SmallDisk.mounted(megabytes=1) as disk:
        disk.fill()
        with pytest.raises(OSError) as full:
            (disk.folder / "note").write_bytes(b"One more thing.")
        assert full.value.errno == errno.ENOSPC
        disk.free()
        (disk.folder / "note").write_bytes(b"One more thing.")
