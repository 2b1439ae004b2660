"""Close many threads at once, and reopen exactly those.

Each thread is closed in its own right, with its own event. *Why in many transactions*: posts to the same threads wait
for one, so each is short. If one fails, the threads of the earlier ones stay closed; the closure counts and undoes
them.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.closures.closure_lookup import ThreadFilter, find_closure, ids_of_open, is_open_and_matches
from service.conversation.closures.model import COLUMNS, Closure, ClosureRow
from service.conversation.threads.counts import write_next_sequences
from service.conversation.threads.model import COLUMNS as THREAD_COLUMNS
from service.conversation.threads.model import Thread, ThreadRow, thread_of
from service.conversation.threads.thread_events import thread_event
from service.conversation.threads.thread_policy import closing_time, is_closed_itself
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.sites.site_lookup import Site, read_sites
from service.platform.storage.engine import Database
from service.platform.storage.portable import any_of, row_parameters

CHUNK = 1_000  # threads a transaction


async def close_threads(
    database: Database, site: Site, criteria: ThreadFilter, *, reason: str | None, until: datetime | None, by: Actor
) -> Closure:
    """Close the open threads of ``site`` that match ``criteria``, for good or ``until`` a time."""
    now = clock.now()
    closure = Closure(
        id=clock.new_id(),
        scope="threads",
        **msgspec.structs.asdict(criteria),
        reason=reason,
        closed_at=now,
        until=until,
        reopened_at=None,
        threads=0,
    )
    async with database.write() as connection:
        await connection.execute(insert(ClosureRow).values(site_id=site.id, **msgspec.structs.asdict(closure)))
        await record_decisions(connection, [NewDecision(site.id, "close", by, reason=reason)], now=now)
    async with database.read() as connection:
        ids = await ids_of_open(connection, site, criteria, now=now)
    for first in range(0, len(ids), CHUNK):
        async with database.write() as connection:
            await _close_chunk(connection, site, criteria, closure, ids[first : first + CHUNK])
    async with database.read() as connection:
        return await find_closure(connection, site.id, closure.id)


async def _close_chunk(
    connection: AsyncConnection, site: Site, criteria: ThreadFilter, closure: Closure, ids: Sequence[int]
) -> None:
    """Close those of the threads ``ids`` that are still open and match."""
    still = is_open_and_matches(site, criteria, now=clock.now())
    threads, now = await _lock(connection, ids, and_(*still)), clock.now()
    events = []
    for thread in threads:
        thread.closed_at, thread.close_reason = now, closure.reason
        events.append(thread_event(thread, site, EventType.THREAD_CLOSED, occurred_at=now))
    columns = {"closed_at": now, "close_reason": closure.reason, "closure_id": closure.id}
    await write_next_sequences(connection, threads, now=now, reason_before=ThreadRow.close_reason, **columns)
    closed = {"threads": ClosureRow.threads + len(threads)}
    await connection.execute(update(ClosureRow).where(ClosureRow.id == closure.id).values(closed))
    await append_events(connection, events)


async def reopen_threads(database: Database, site: Site, closure: Closure, *, by: Actor | None) -> Closure:
    """Reopen the threads that ``closure`` closed and nobody has reopened since; ``by`` is None at its end.

    A thread whose own closing time has passed stays closed, from that time on.
    """
    async with database.write() as connection:
        now = clock.now()
        ended = update(ClosureRow).where(ClosureRow.id == closure.id, ClosureRow.reopened_at.is_(None))
        is_new = (await connection.execute(ended.values(reopened_at=now).returning(ClosureRow.id))).one_or_none()
        if is_new and by:
            await record_decisions(connection, [NewDecision(site.id, "reopen", by)], now=now)
    async with database.read() as connection:
        ids = sorted(await connection.scalars(select(ThreadRow.id).where(ThreadRow.closure_id == closure.id)))
    for first in range(0, len(ids), CHUNK):
        async with database.write() as connection:
            await _reopen_chunk(connection, site, closure, ids[first : first + CHUNK])
    async with database.read() as connection:
        return await find_closure(connection, site.id, closure.id)


async def _reopen_chunk(connection: AsyncConnection, site: Site, closure: Closure, ids: Sequence[int]) -> None:
    threads, now = await _lock(connection, ids, _is_in(closure)), clock.now()
    reopened, events = [], []
    columns = {"close_reason": ThreadRow.reason_before, "closure_id": None}
    for thread in threads:
        thread.closed_at = thread.close_reason = None
        if is_closed_itself(thread, site, now):
            thread.closed_at = closing_time(thread, site)
            thread.close_reason = await connection.scalar(_REASON_BEFORE, {"thread_id": thread.id})
            events.append(thread_event(thread, site, EventType.THREAD_UPDATED, occurred_at=now))
            await write_next_sequences(connection, [thread], now=now, closed_at=thread.closed_at, **columns)
        else:
            reopened.append(thread)
            events.append(thread_event(thread, site, EventType.THREAD_REOPENED, occurred_at=now))
    await write_next_sequences(connection, reopened, now=now, closed_at=None, **columns)
    await append_events(connection, events)


_REASON_BEFORE = select(ThreadRow.reason_before).where(ThreadRow.id == bindparam("thread_id"))


def _is_in(closure: Closure) -> ColumnElement[bool]:
    """Return the condition that a thread is in ``closure``, written so that no index of all its threads is used."""
    return case((ThreadRow.closure_id == closure.id, 1), else_=0) == 1


async def _lock(connection: AsyncConnection, ids: Sequence[int], condition: ColumnElement[bool]) -> list[Thread]:
    """Lock those of the threads ``ids`` that meet ``condition``, in the order of their ids."""
    dialect = connection.dialect.name
    these = select(*THREAD_COLUMNS).where(any_of(dialect, ThreadRow.id), condition)
    locked = these.order_by(ThreadRow.id).with_for_update(of=ThreadRow)
    rows = await connection.execute(locked, row_parameters(dialect, [(id_,) for id_ in ids]))
    return [thread_of(row) for row in rows]


async def reopen_due_threads(database: Database) -> None:
    """Reopen the threads of closures whose end has passed."""
    due = select(*COLUMNS, ClosureRow.site_id).where(
        ClosureRow.scope == "threads", ClosureRow.until <= clock.now(), ClosureRow.reopened_at.is_(None)
    )
    async with database.read() as connection:
        rows = (await connection.execute(due)).all()
        sites = await read_sites(connection, {row.site_id for row in rows}) if rows else {}
    for row in rows:
        await reopen_threads(database, sites[row.site_id], Closure(*row[:-1]), by=None)
