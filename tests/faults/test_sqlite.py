"""SQLite's file is locked, damaged, on a full disk or of a newer release: see ``outage.py``."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.faults.a_small_disk import SmallDisk
from tests.faults.outage import (
    SHUTDOWN_SECONDS,
    SHUTDOWN_SLACK_SECONDS,
    Outage,
    a_service,
    prepared_threads,
    prove_survived,
    seconds_to_shut_down,
)

pytestmark = pytest.mark.slow

ROOT_PAGE = "SELECT rootpage FROM sqlite_master WHERE name = 'comments'"
OTHER_REVISION = "UPDATE alembic_version SET version_num = '{}'"


@asynccontextmanager
async def full(disk: SmallDisk) -> AsyncIterator[None]:
    """The disk is full."""
    disk.fill()
    yield
    disk.free()


async def test_the_service_survives_a_full_disk() -> None:
    with SmallDisk.mounted(megabytes=32) as disk:
        url = f"sqlite:///{disk.folder}/onereply.db"
        await prove_survived(Outage("SQLite's disk full", url, lambda: full(disk)))


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_the_service_survives_a_lock_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "onereply.db"
    await prove_survived(Outage("SQLite locked", f"sqlite:///{path}", lambda: locked(path), seconds=10))


@asynccontextmanager
async def newer(path: Path) -> AsyncIterator[None]:
    """A newer release has migrated the database."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as other:
        [revision] = other.execute("SELECT version_num FROM alembic_version").fetchone()
        other.execute(OTHER_REVISION.format("9999_of_a_newer_release"))
        yield
        other.execute(OTHER_REVISION.format(revision))


async def test_the_service_survives_a_migration_to_a_newer_release(tmp_path: Path) -> None:
    path = tmp_path / "onereply.db"
    await prove_survived(Outage("newer revision", f"sqlite:///{path}", lambda: newer(path)))


async def test_a_read_only_file_stops_the_start_or_is_answered_with_503(tmp_path: Path) -> None:
    path = tmp_path / "onereply.db"
    threads = await prepared_threads(f"sqlite:///{path}")
    with SmallDisk.mounted(megabytes=32) as disk:
        shutil.copy(path, disk.folder)
        url = f"sqlite:///{disk.folder}/onereply.db"
        disk.make_read_only()
        try:
            async with a_service(url) as server, server.thread(threads[0]) as door, server.client() as client:
                assert (await door.post()).status_code == 503
                assert (await client.get("/readyz")).status_code == 503
        except RuntimeError as stopped:  # the command's one-line error
            assert "Error: " in str(stopped)


async def test_a_damaged_page_is_answered_with_503_and_the_process_ends_in_time(tmp_path: Path) -> None:
    path = tmp_path / "onereply.db"
    threads = await prepared_threads(f"sqlite:///{path}")
    async with (
        a_service(f"sqlite:///{path}") as server,
        server.thread(threads[0]) as door,
        server.client() as client,
    ):
        assert (await door.post()).status_code == 201
        damage(path)
        answers = [await door.post("And now?") for _ in range(3)]
        answers.append(await door.site.call("GET", f"{door.path}/comments", by="host"))
        assert {answer.status_code for answer in answers} == {503}
        assert (await client.get("/readyz")).status_code == 503
        assert await seconds_to_shut_down(server, threads) < SHUTDOWN_SECONDS + SHUTDOWN_SLACK_SECONDS


def damage(path: Path) -> None:
    """Overwrite the root page of the table of comments, after a checkpoint that empties the write-ahead log."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as other:
        [page] = other.execute(ROOT_PAGE).fetchone()
        [size] = other.execute("PRAGMA page_size").fetchone()
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
