"""Log readers read each event once and in order, also with concurrent readers and after failures."""

import asyncio

import pytest

from service.platform.events.event_types import Event
from service.platform.events.log_readers import has_more, mark_unread, read_next
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from tests.builders import ASite, a_thread


async def of(site: ASite) -> tuple[Database, int]:
    database: Database = site.app.state.database
    async with database.read() as connection:
        return database, (await find_site(connection, site.slug)).id


async def read(database: Database, site_id: int, reader: str = "a reader", *, limit: int = 10) -> list[Event]:
    async with database.write() as connection:
        return await read_next(connection, site_id, reader, limit=limit)


async def test_each_reader_reads_every_event_once_and_in_order(site: ASite) -> None:
    for _ in range(5):
        await a_thread(site)
    database, site_id = await of(site)
    positions = [[event.position for event in await read(database, site_id, limit=3)] for _ in range(3)]
    assert positions == [[1, 2, 3], [4, 5], []]
    await a_thread(site)
    assert [event.position for event in await read(database, site_id)] == [6]
    assert [event.position for event in await read(database, site_id, "another")] == [1, 2, 3, 4, 5, 6]


async def test_has_more_does_not_move_the_reader(site: ASite) -> None:
    database, site_id = await of(site)

    async def more() -> bool:
        async with database.read() as connection:
            return await has_more(connection, site_id, "a reader")

    assert not await more()
    await a_thread(site)
    assert await more()
    await read(database, site_id)
    assert not await more()


async def test_a_transaction_that_fails_has_read_nothing(site: ASite) -> None:
    await a_thread(site)
    database, site_id = await of(site)
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            assert len(await read_next(connection, site_id, "a reader", limit=10)) == 1
            raise ZeroDivisionError
    assert [event.position for event in await read(database, site_id)] == [1]


async def test_events_that_are_left_unread_are_read_again(site: ASite) -> None:
    for _ in range(4):
        await a_thread(site)
    database, site_id = await of(site)
    await read(database, site_id, limit=1)
    async with database.write() as connection:
        events = await read_next(connection, site_id, "a reader", limit=2)
        await mark_unread(connection, site_id, "a reader", events[1:])
    assert [event.position for event in await read(database, site_id)] == [3, 4]


async def test_two_processes_never_read_the_same_events(database_url: str, site: ASite) -> None:
    for _ in range(20):
        await a_thread(site)
    database, site_id = await of(site)
    others = [Database(database_url) for _ in range(3)]
    try:
        reading = (read(each, site_id, limit=2) for each in [database, *others] * 4)
        positions = [event.position for events in await asyncio.gather(*reading) for event in events]
    finally:
        for other in others:
            await other.close()
    assert sorted(positions) == list(range(1, 21))
