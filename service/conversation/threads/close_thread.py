"""Close and reopen threads.

Promise 2: one function decides whether a thread is closed (``thread_policy.is_closed``). Every writer calls it under
the thread's lock, with the clock read after the lock. A thread is closed from its closing time on. The first
transaction to lock it after that, a post or the sweep, writes the close (:func:`close_due_threads`) before anything
else.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.closed_condition import closes_by_days
from service.conversation.threads.counts import write_counts
from service.conversation.threads.lock_threads import lock_thread, lock_threads_by_id
from service.conversation.threads.model import Thread, ThreadRow
from service.conversation.threads.thread_events import thread_event
from service.conversation.threads.thread_policy import closes_at, is_closed_itself
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType, NewEvent
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.problems import InvalidField, Translated
from service.platform.sites.site_lookup import Site, read_sites

SWEEP_BATCH = 200


async def close_thread(
    connection: AsyncConnection, site: Site, article: str, *, at: datetime | None, reason: str | None, by: Actor
) -> Thread:
    """Close a thread now, or at the later time ``at``; closing a closed thread changes nothing.

    Once the transaction has committed, no comment is accepted any more. Raises NotFound.
    """
    thread = await lock_thread(connection, site.id, article)
    now = clock.now()
    events = await close_due_threads(connection, [thread], {site.id: site}, now=now)
    closed_before = len(events)
    if thread.closed_at is None and (at is None or at <= now):
        thread.closed_at, thread.close_reason = now, reason
        events.append(thread_event(thread, site, EventType.THREAD_CLOSED, occurred_at=now))
    elif thread.closed_at is None and (thread.closing_at, thread.close_reason) != (at, reason):
        thread.closing_kind, thread.closing_at, thread.close_reason = "at", at, reason
        events.append(thread_event(thread, site, EventType.THREAD_UPDATED, occurred_at=now))
    if len(events) > closed_before:
        decision = NewDecision(site.id, "close", by, thread_id=thread.id, reason=reason)
        await record_decisions(connection, [decision], now=now)
    await write_closing(connection, thread, events, now=now)
    return thread


async def reopen_thread(
    connection: AsyncConnection, site: Site, article: str, *, at: datetime | None, by: Actor
) -> Thread:
    """Reopen a closed thread, for good or until ``at``; for an open thread, set only the closing time.

    Raises NotFound, or InvalidField if ``at`` has passed.
    """
    thread = await lock_thread(connection, site.id, article)
    now = clock.now()
    if at is not None and at <= now:
        raise InvalidField(Translated("past"), pointer="/at")
    events = await close_due_threads(connection, [thread], {site.id: site}, now=now)
    was_closed = thread.closed_at is not None
    if was_closed or (at is not None and thread.closing_at != at):
        thread.closing_kind, thread.closing_at = ("never", None) if at is None else ("at", at)
        thread.closed_at = thread.close_reason = None
        event = EventType.THREAD_REOPENED if was_closed else EventType.THREAD_UPDATED
        events.append(thread_event(thread, site, event, occurred_at=now))
        decision = NewDecision(site.id, "reopen", by, thread_id=thread.id)
        await record_decisions(connection, [decision], now=now)
    await write_closing(connection, thread, events, now=now)
    return thread


def set_closed(thread: Thread, site: Site, *, closed: bool, at: datetime, now: datetime) -> None:
    """Close ``thread`` at ``at``, or reopen it, in memory; a closing time that has passed becomes ``never``."""
    if closed and thread.closed_at is None:
        thread.closed_at, thread.close_reason = at, None
    elif not closed and thread.closed_at is not None:
        thread.closed_at = thread.close_reason = None
        if is_closed_itself(thread, site, now):
            thread.closing_kind, thread.closing_at = "never", None


async def close_due_threads(
    connection: AsyncConnection, threads: Iterable[Thread], sites: Mapping[int, Site], *, now: datetime
) -> list[NewEvent]:
    """Write the close of those locked ``threads`` whose closing time has passed, and return the events.

    The caller must append these events before its own.
    """
    events = []
    for thread in threads:
        site = sites[thread.site_id]
        if thread.closed_at is None and is_closed_itself(thread, site, now):
            thread.closed_at = closes_at(thread, site)
            events.append(thread_event(thread, site, EventType.THREAD_CLOSED, occurred_at=thread.closed_at or now))
            await write_closing_columns(connection, thread)
            await write_counts(connection, [thread], now=now)
    return events


async def write_closing(connection: AsyncConnection, thread: Thread, events: list[NewEvent], *, now: datetime) -> None:
    """Write the closing of ``thread`` and append ``events``; do nothing without events."""
    if not events:
        return
    await write_closing_columns(connection, thread)
    await write_counts(connection, [thread], now=now)
    await append_events(connection, events)


async def write_closing_columns(connection: AsyncConnection, thread: Thread) -> None:
    """Write the closing columns of ``thread``. An open one is in no closure: its end must not touch later closes."""
    values: dict[str, Any] = {
        "closing_kind": thread.closing_kind,
        "closing_at": thread.closing_at,
        "closed_at": thread.closed_at,
        "close_reason": thread.close_reason,
    }
    if thread.closed_at is None:
        values["closure_id"] = None
    await connection.execute(update(ThreadRow).where(ThreadRow.id == thread.id).values(values))


async def is_any_due(connection: AsyncConnection, sites: Iterable[Site]) -> bool:
    """Whether a sweep of ``sites`` would close a thread."""
    due = select(ThreadRow.id).where(ThreadRow.closed_at.is_(None), _is_due(sites, clock.now()))
    return await connection.scalar(due.limit(1)) is not None


async def sweep_closings(connection: AsyncConnection, sites: Iterable[Site]) -> int:
    """Close threads past their closing time, at most :data:`SWEEP_BATCH`, and return how many.

    Threads that close some days after publication are swept only for ``sites``.
    """
    due = select(ThreadRow.id).where(ThreadRow.closed_at.is_(None), _is_due(sites, clock.now()))
    threads = await lock_threads_by_id(connection, await connection.scalars(due.limit(SWEEP_BATCH)))
    by_id = await read_sites(connection, {thread.site_id for thread in threads.values()})
    events = await close_due_threads(connection, threads.values(), by_id, now=clock.now())
    await append_events(connection, events)
    return len(events)


def _is_due(sites: Iterable[Site], now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(ThreadRow.closing_kind == "at", ThreadRow.closing_at <= now),
        *(and_(ThreadRow.site_id == site.id, due) for site in sites for due in closes_by_days(site, now)),
    )
