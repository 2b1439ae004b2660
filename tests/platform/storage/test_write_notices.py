"""Processes hear of each other's writes, so that they need not look often."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from service.platform.storage import write_notices
from service.platform.storage.engine import Database
from tests.postgres import PostgreSQL


async def test_a_process_hears_of_the_writes_of_another_one(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    one, other, heard = Database(url), Database(url), asyncio.Event()
    async with asyncio.timeout(30), one.telling_writes(), other.hearing_writes(heard.set):
        await heard.wait()  # it is connected
        for _ in range(2):
            heard.clear()
            async with one.write() as connection:
                await connection.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS noted (number int)"))
            await heard.wait()
    await one.close()
    await other.close()


async def test_a_listener_connects_again_and_then_looks(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_notices, "RETRY_SECONDS", 0.01)
    url = postgresql.new_database()
    database, admin, heard = Database(url), Database(url), asyncio.Event()
    async with asyncio.timeout(30), database.hearing_writes(heard.set):
        await heard.wait()
        heard.clear()
        async with admin.write() as connection:
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid()"
                )
            )
        await heard.wait()
    await database.close()
    await admin.close()


async def test_a_process_hears_its_own_writes(tmp_path: Path) -> None:
    database, heard = Database(f"sqlite:///{tmp_path}/own.db"), asyncio.Event()
    async with database.hearing_writes(heard.set):
        assert not heard.is_set()
        async with database.write() as connection:
            await connection.execute(text("SELECT 1"))
        assert heard.is_set()
    await database.close()
