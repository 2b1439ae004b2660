"""Behind PgBouncer in transaction mode, session settings apply and clients share server connections."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from tests.faults.a_pgbouncer import pgbouncer
from tests.postgres import PostgreSQL

pytestmark = pytest.mark.slow

CLIENTS = 20


async def test_each_transaction_has_its_settings_and_prepared_statements_do_not_conflict(
    server: PostgreSQL, folder: Path
) -> None:
    direct = server.new_database()
    with pgbouncer(server, direct.rpartition("/")[2], folder / "pgbouncer", pool_size=2) as url:
        databases = [Database(url, read_connections=2, time_limit=30) for _ in range(3)]
        await migrate(databases[0])

        async def write(number: int) -> str:
            async with databases[number % 3].write() as connection:
                await connection.execute(text("UPDATE sites SET position = position + :by"), {"by": number})
                timeout: str = await connection.scalar(text("SELECT current_setting('lock_timeout')"))
                return timeout

        async def read(number: int) -> int:
            async with databases[number % 3].read() as connection:
                found: int = await connection.scalar(text("SELECT CAST(:number AS integer)"), {"number": number})
                return found

        assert await asyncio.gather(*map(write, range(CLIENTS))) == ["2s"] * CLIENTS
        assert await asyncio.gather(*map(read, range(CLIENTS))) == [*range(CLIENTS)]
        for database in databases:
            await database.close()
