"""Every wait for the database has a time limit, and a connection closed at the limit is not reused."""

import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.platform.problems import Busy, DatabaseUnavailable
from service.platform.storage.database_url import PostgresUrl, parse_database_url
from service.platform.storage.engine import Database
from service.platform.storage.postgresql import KEEPALIVE, SINCE_VERSION, Server, keep_alive, writer_settings

on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


@pytest.fixture
async def database(fresh_database_url: str) -> AsyncIterator[Database]:
    database = Database(fresh_database_url, read_connections=2, slow_statement_seconds=0.05)
    yield database
    await database.close()


@on_postgresql
async def test_a_hanging_statement_times_out_and_the_next_one_works(database: Database) -> None:
    for block in (database.read, database.write):
        with pytest.raises(DatabaseUnavailable):
            async with block(within=0.2) as connection:
                await connection.execute(text("SELECT pg_sleep(60)"))
        async with block() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1


@on_postgresql
async def test_a_block_over_the_limit_fails_and_its_connection_is_not_reused(
    database: Database,
) -> None:
    for block in (database.read, database.write):
        for _ in range(2):  # as many as there are connections for reading
            with pytest.raises(DatabaseUnavailable, match="did not answer in time"):
                async with block(within=0.2) as connection:
                    driver = (await connection.get_raw_connection()).driver_connection
                    with suppress(DBAPIError):
                        await connection.execute(text("SELECT pg_sleep(60)"))
                    raise AttributeError("as asyncpg, between two steps of a statement")
            assert driver and driver.is_closed()
        for _ in range(2):
            async with block() as connection:
                assert await connection.scalar(text("SELECT 1")) == 1


async def test_waiting_for_a_connection_times_out(database: Database) -> None:
    async with database.read(), database.read():
        with pytest.raises(Busy):
            async with database.read(within=0.1):
                pass
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_waiting_for_the_writer_times_out(database: Database) -> None:
    async with database.write():
        with pytest.raises(Busy):
            async with database.write(within=0.1):
                pass
    async with database.write() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1


@on_postgresql
async def test_a_process_suspended_in_a_write_loses_its_locks(database: Database, fresh_database_url: str) -> None:
    frozen = Database(fresh_database_url, time_limit=4)
    lock = text("LOCK TABLE sites IN EXCLUSIVE MODE")
    with suppress(DatabaseUnavailable):
        async with frozen.write() as connection:
            await connection.execute(lock)
            for _ in range(2):  # the first may have begun to wait before the other froze
                with suppress(Busy):
                    async with database.write() as other:
                        await other.execute(lock)
                    break
            else:
                pytest.fail("The lock was never released.")
    await frozen.close()


@on_postgresql
async def test_the_server_frees_the_locks_of_a_client_that_vanished_while_it_prepared_a_statement(
    database: Database, fresh_database_url: str
) -> None:
    url = parse_database_url(fresh_database_url)
    assert isinstance(url, PostgresUrl)
    server, lock = Server(url, time_limit=None), "LOCK TABLE sites IN EXCLUSIVE MODE"
    assert not await server.is_pooled()
    vanished = await server.connect(server.known(writer_settings(0.5)))
    try:
        if vanished.get_server_version().major < SINCE_VERSION["transaction_timeout"]:
            pytest.skip("This version has no time limit for transactions.")
        await vanished.execute(f"BEGIN; {lock}")
        await vanished.prepare("SELECT 42")  # asyncpg asks for the description and does not end the exchange with Sync
        async with database.write() as connection:
            await connection.execute(text(lock))  # fails after its lock timeout of 2 s if the lock is not freed
    finally:
        vanished.terminate()


async def test_the_writer_can_be_checked(database: Database) -> None:
    await database.check_writer(within=5)
    async with database.write():
        with pytest.raises(Busy):
            await database.check_writer(within=0.1)


async def test_a_slow_statement_is_logged_without_its_values(database: Database, dialect: str) -> None:
    slow = {
        "postgresql": "SELECT pg_sleep(0.1), CAST(:secret AS text)",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
        "SELECT max(i), :secret FROM n",
    }
    with structlog.testing.capture_logs() as logged:
        async with database.read() as connection:
            await connection.execute(text(slow[dialect]), {"secret": "a reader's words"})
    [line] = [line for line in logged if line["event"] == "slow-statement"]
    assert line["ms"] >= 50
    assert "SELECT" in line["statement"] and "words" not in str(line)


def test_tcp_keepalive_is_set_as_the_url_says() -> None:
    url = parse_database_url("postgresql://h/db?keepalives_idle=7")
    assert isinstance(url, PostgresUrl)
    with socket.socket() as connected:
        keep_alive(connected, url)
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 7
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == KEEPALIVE["TCP_KEEPCNT"]
