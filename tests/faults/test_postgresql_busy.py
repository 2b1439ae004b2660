"""PostgreSQL runs, but has no free connections, held locks, a full disk or is read-only: see ``outage.py``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.builders import AThread
from tests.faults.a_small_disk import SmallDisk
from tests.faults.a_standby import a_standby, promote
from tests.faults.outage import BACK_SECONDS, Outage, a_service, prepared_threads, prove_survived
from tests.faults.traffic import PAUSE_SECONDS
from tests.postgres import PostgreSQL

pytestmark = pytest.mark.slow

LOCKS = {
    "a thread": "SELECT 1 FROM threads WHERE id = (SELECT min(id) FROM threads) FOR UPDATE",
    "the sites": "SELECT 1 FROM sites FOR UPDATE",
    "the table of comments": "LOCK TABLE comments IN ACCESS EXCLUSIVE MODE",
}
END_CONNECTIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'"


@asynccontextmanager
async def no_connection(server: PostgreSQL) -> AsyncIterator[None]:
    """The limit of connections is reached, and those of the service are gone (SQLSTATE 53300)."""
    server.psql("ALTER ROLE reader CONNECTION LIMIT 0")
    server.psql(END_CONNECTIONS)
    yield
    server.psql("ALTER ROLE reader CONNECTION LIMIT -1")


async def test_the_service_survives_a_server_without_a_free_connection(server: PostgreSQL) -> None:
    server.psql("CREATE ROLE reader LOGIN")
    url = server.new_database()
    server.psql(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO reader")
    url = url.replace("postgres@", "reader@")
    await prove_survived(Outage("connection limit reached", url, lambda: no_connection(server)))


@asynccontextmanager
async def locked(url: str, statement: str) -> AsyncIterator[None]:
    """Another transaction holds the locks of ``statement``."""
    other = await asyncpg.connect(url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute(statement)
    yield
    await transaction.rollback()
    await other.close()


@pytest.mark.parametrize("what", LOCKS)
async def test_the_service_survives_a_lock_that_is_held_for_long(server: PostgreSQL, what: str) -> None:
    url = server.new_database()
    await prove_survived(Outage(f"{what} locked", url, lambda: locked(url, LOCKS[what]), seconds=25, writes_stop=False))


@asynccontextmanager
async def full(disk: SmallDisk) -> AsyncIterator[None]:
    """The disk is full."""
    disk.fill()
    yield
    disk.free()


async def test_the_service_survives_a_full_disk(server: PostgreSQL) -> None:
    with SmallDisk.mounted(megabytes=64) as disk:
        server.programs.make_folder(disk.folder / "tables")
        server.psql(f"CREATE TABLESPACE small LOCATION '{disk.folder}/tables'")
        url = server.new_database()
        server.psql(f"ALTER DATABASE {url.rpartition('/')[2]} SET TABLESPACE small")
        try:
            await prove_survived(Outage("PostgreSQL's disk full", url, lambda: full(disk)))
        finally:
            server.stop("immediate")  # before its files go


async def test_the_service_survives_a_url_that_leads_to_a_standby(server: PostgreSQL, folder: Path) -> None:
    """The server says that it is read-only until it is promoted."""
    before = server.new_database()
    name = before.rpartition("/")[2]
    threads = await prepared_threads(before)
    with a_standby(server, folder / "standby") as standby:
        async with (
            a_service(standby.url(name)) as service,
            service.thread(threads[0]) as door,
            service.client() as client,
        ):
            answers = await asyncio.gather(*(door.post(f"Post {number}.") for number in range(4)))
            assert [answer.status_code for answer in answers] == [503] * 4
            assert (await client.get("/readyz")).status_code == 503
            assert await door.pages() == []
            await asyncio.to_thread(promote, standby)
            await _until_accepted(door)
            assert (await client.get("/readyz")).status_code == 200


async def _until_accepted(thread: AThread) -> None:
    """Retry one post with one key until it is accepted."""
    async with asyncio.timeout(BACK_SECONDS):
        status = 503
        while status == 503:
            status = (await thread.post("Now?", key="the-same-key")).status_code
            await asyncio.sleep(PAUSE_SECONDS)
    assert status == 201
