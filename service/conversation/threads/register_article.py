"""Register an article, or update it."""

from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.close_thread import close_due_threads, write_closing
from service.conversation.threads.counts import write_counts
from service.conversation.threads.lock_threads import lock_threads
from service.conversation.threads.model import Thread, ThreadRow
from service.conversation.threads.move_article import add_url_alias
from service.conversation.threads.thread_events import thread_event
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType
from service.platform.problems import InvalidField, Translated
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import insert_if_absent


class Registered(NamedTuple):
    """A thread after registration, and whether it was created."""

    thread: Thread
    created: bool


async def register_thread(connection: AsyncConnection, site: Site, article: str, changes: dict[str, Any]) -> Registered:
    """Create the thread of ``article``, or update it.

    ``changes`` are columns of the thread by name; missing ones keep their values. An update never reopens a thread,
    appends no event if nothing changed, and ignores changes with an older ``updated_at`` than the known one. Raises
    InvalidField if a new thread lacks a title.
    """
    thread, created = await lock_or_create(connection, site, article, changes)
    now = clock.now()
    if created:
        events = [thread_event(thread, site, EventType.THREAD_CREATED, occurred_at=now)]
        await write_counts(connection, [thread], now=now)
        await append_events(connection, events)
        return Registered(thread, created=True)
    # A closing time that has passed has closed the thread, even if these changes would have postponed it.
    events = await close_due_threads(connection, [thread], {site.id: site}, now=now)
    url, changed = thread.url, {} if _is_old(thread, changes) else change(thread, changes)
    if url and "url" in changed:
        await add_url_alias(connection, thread, url)
    if changed:
        events.append(thread_event(thread, site, EventType.THREAD_UPDATED, occurred_at=now))
        await connection.execute(update(ThreadRow).where(ThreadRow.id == thread.id).values(changed))
    await write_closing(connection, thread, events, now=now)
    return Registered(thread, created=False)


async def lock_or_create(connection: AsyncConnection, site: Site, article: str, changes: dict[str, Any]) -> Registered:
    """Lock the thread of ``article``, or create it from ``changes``; raises InvalidField without a title."""
    key = site.id, article
    found = await lock_threads(connection, [key])
    if found:
        return Registered(found[key], created=False)
    if "title" not in changes:
        raise InvalidField(Translated("title-needed"), pointer="/title")
    created = await connection.execute(
        insert_if_absent(connection, ThreadRow).values(new_thread(site, article, changes)).returning(ThreadRow.id)
    )
    is_new = created.one_or_none() is not None  # else another process was first and holds the lock until it commits
    return Registered((await lock_threads(connection, [key]))[key], is_new)


def new_thread(site: Site, article: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a new thread with the values of ``changes``."""
    now = clock.now()
    values = {
        "site_id": site.id,
        "article": article,
        "comments_on": True,
        "closing_kind": "auto",
        "reply_count": 0,
        "places": 0,
        "sequence": 0,
        "shown_version": 0,
        "created_at": now,
        "changed_at": now,
    }
    return values | changes


def _is_old(thread: Thread, changes: dict[str, Any]) -> bool:
    updated_at = changes.get("updated_at")
    return bool(updated_at and thread.updated_at and updated_at < thread.updated_at)


def change(thread: Thread, changes: dict[str, Any]) -> dict[str, Any]:
    """Apply ``changes`` to ``thread`` in memory; return those that differ from its values."""
    changed = {name: value for name, value in changes.items() if getattr(thread, name) != value}
    for name, value in changed.items():
        setattr(thread, name, value)
    if "closing_kind" in changed or "closing_at" in changed:
        if thread.closed_at is None:
            thread.close_reason = changed["close_reason"] = None
        changed["reason_before"] = None
    return changed
