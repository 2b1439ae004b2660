"""Apply an article event of the host CMS to the article's thread.

Events may arrive twice and out of order. Each event has an id, and each value keeps the instant from which it
holds. An older event never overwrites a newer value (``threads/article_event_order.py``), so the order of arrival
does not matter. ``article_calls.py`` applies the calls of the host's key in the same way.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import structs
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.article_event_order import (
    CLOSED,
    CONTENT,
    NEWEST,
    LatestEvents,
    read_latest_events,
    write_latest_events,
)
from service.conversation.threads.close_thread import close_due_threads, set_closed, write_closing_columns
from service.conversation.threads.counts import write_counts
from service.conversation.threads.lock_threads import lock_threads, lock_threads_by_id
from service.conversation.threads.model import Thread, ThreadRow
from service.conversation.threads.move_article import (
    add_url_alias,
    merge_newer_values,
    move_thread,
    set_aside,
    thread_to_keep,
)
from service.conversation.threads.register_article import change, lock_or_create
from service.conversation.threads.thread_events import thread_event
from service.conversation.threads.thread_lookup import ids_of_threads
from service.conversation.threads.withdraw_article import (
    apply_stored_withdrawals,
    request_erasure,
    set_withdrawn,
    store_withdrawal,
)
from service.integrations.articles.article_event import WITHDRAWN, ArticleEvent
from service.integrations.articles.received_messages import store_received
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType
from service.platform.problems import Busy, InvalidField, Translated
from service.platform.sites.model import SecretRow
from service.platform.sites.site_lookup import Site

UPDATED_COLUMNS = ("article", *CONTENT, "updated_at", "close_reason", "withdrawn_at")


async def apply_article_event(
    connection: AsyncConnection, site: Site, event: ArticleEvent, *, webhook_id: str
) -> Thread | None:
    """Apply an event to the article's thread and return the thread.

    Returns None when the article has no thread and the event does not create one (withdrawn, restored, deleted).
    Such an event is stored and applies when the article is registered. An event that was received before changes
    nothing. Raises InvalidField when a new thread would have no title, or ArticleIdConflict.
    """
    await _lock_events(connection, site)
    now = clock.now()
    if not await store_received(connection, site.id, webhook_id, now=now):
        return await _find(connection, site, event)
    known = await lock_threads(connection, [(site.id, article) for article in event.ids])
    if threads := distinct(known.get((site.id, id_)) for id_ in event.ids):
        return await apply_to_threads(connection, site, threads, event, now=now)
    if event.has_content:
        return await _register(connection, site, event, now=now)
    withdrawn = WITHDRAWN[event.kind]
    await store_withdrawal(connection, site.id, event.ids, withdrawn=withdrawn, at=event.at, now=now)
    return None


def distinct(threads: Iterable[Thread | None]) -> list[Thread]:
    """Return each of ``threads`` once, in order."""
    return list({thread.id: thread for thread in threads if thread}.values())


async def _lock_events(connection: AsyncConnection, site: Site) -> None:
    """Serialise the article events of a site.

    Otherwise two first events of one article could both find no thread.
    """
    secret = select(SecretRow.name).where(SecretRow.site_id == site.id, SecretRow.name == "article-webhooks")
    if (await connection.execute(secret.with_for_update())).one_or_none() is None:
        raise Busy(cause="The secret “article-webhooks” is being replaced.")


async def _find(connection: AsyncConnection, site: Site, event: ArticleEvent) -> Thread | None:
    """Return the thread of a repeated event, or None."""
    ids = await ids_of_threads(connection, [(site.id, article) for article in event.ids])
    found = next((ids[site.id, article] for article in event.ids if (site.id, article) in ids), None)
    return (await lock_threads_by_id(connection, [found]))[found] if found else None


async def _register(connection: AsyncConnection, site: Site, event: ArticleEvent, *, now: datetime) -> Thread:
    """Register the article."""
    if "title" not in event.changes:
        raise InvalidField(Translated("title-needed"), pointer="/data/title")
    thread, created = await lock_or_create(connection, site, event.article, {"title": event.changes["title"]})
    first = EventType.THREAD_CREATED if created else None
    return await apply_to_threads(connection, site, [thread], event, now=now, first_event=first)


async def apply_to_threads(
    connection: AsyncConnection,
    site: Site,
    threads: list[Thread],
    event: ArticleEvent,
    *,
    now: datetime,
    first_event: EventType | None = None,
) -> Thread:
    """Apply the event to ``threads`` (one, or two to merge) and append the events for the changes."""
    events = [] if first_event else await close_due_threads(connection, threads, {site.id: site}, now=now)
    thread = thread_to_keep(threads) if event.has_content else threads[0]
    latest, before = await read_latest_events(connection, thread), structs.replace(thread)
    has_new_alias = False
    if event.has_content:
        for other in [each for each in threads if each is not thread]:
            merge_newer_values(thread, latest, other, await read_latest_events(connection, other))
            events.append(await set_aside(connection, site, other, for_thread=thread, now=now))
        if event.previous is not None:
            has_new_alias = await move_thread(connection, thread, latest, event.ids, to=event.article, at=event.at)
        if event.kind != "article.moved":
            await _update_content(connection, thread, latest, event)
        _update_closed(thread, site, latest, event, now=now)
    is_gone = await _update_withdrawal(connection, site, thread, latest, event)
    await write_latest_events(connection, thread, latest)
    types = [first_event] if first_event else _changes(before, thread, has_new_alias=has_new_alias)
    if before.withdrawn_at != thread.withdrawn_at:
        types.append(_withdrawal_event(thread, is_gone=is_gone))
    for type_ in types:
        moved = {"previous_article": before.article} if type_ is EventType.THREAD_MOVED else {}
        events.append(thread_event(thread, site, type_, occurred_at=now, **moved))
    if types:
        await _write(connection, thread)
        await write_counts(connection, [thread], now=now)
    await append_events(connection, events)
    return thread


async def _update_content(
    connection: AsyncConnection, thread: Thread, latest: LatestEvents, event: ArticleEvent
) -> None:
    """Update the article's columns in memory, except those that a later event has set."""
    url = thread.url
    current = {column: value for column, value in event.changes.items() if latest.is_current(CONTENT[column], event.at)}
    change(thread, current)
    for column in current:
        latest.record(CONTENT[column], event.at)
    latest.record(NEWEST, event.at)
    thread.updated_at = max(event.at, thread.updated_at or event.at)
    if event.kind == "article.published" and "published_at" not in latest.fields:
        thread.published_at = min(event.sent_at, thread.published_at or event.sent_at)
    for old_url in (url, event.changes.get("url")):
        if old_url and old_url != thread.url:
            await add_url_alias(connection, thread, old_url)


def _update_closed(thread: Thread, site: Site, latest: LatestEvents, event: ArticleEvent, *, now: datetime) -> None:
    """Close or reopen the thread in memory, unless a newer event or, since the event, somebody else has closed it."""
    if event.closed is None or not latest.is_current(CLOSED, event.at):
        return
    latest.record(CLOSED, event.at)
    if event.closed or thread.closed_at is None or thread.closed_at <= event.at:
        set_closed(thread, site, closed=event.closed, at=min(event.at, now), now=now)


async def _write(connection: AsyncConnection, thread: Thread) -> None:
    """Write the columns that events change; raises Busy if another request has just registered the article's new id."""
    values = {name: getattr(thread, name) for name in UPDATED_COLUMNS}
    try:
        await connection.execute(update(ThreadRow).where(ThreadRow.id == thread.id).values(values))
    except IntegrityError:
        raise Busy(cause="The article is being registered under its new id.") from None
    await write_closing_columns(connection, thread)


async def _update_withdrawal(
    connection: AsyncConnection, site: Site, thread: Thread, latest: LatestEvents, event: ArticleEvent
) -> bool:
    """Withdraw or restore the article in memory.

    Returns whether the article is deleted now and no erasure is pending.
    """
    await apply_stored_withdrawals(connection, thread, latest, event.ids)
    withdrawn = WITHDRAWN.get(event.kind)
    is_newest = withdrawn is not None and set_withdrawn(thread, latest, withdrawn=withdrawn, at=event.at)
    is_deleted = is_newest and event.kind == "article.deleted"
    if is_deleted and site.settings.on_article_deleted == "erase" and thread.places > 0:
        await request_erasure(connection, thread)
        return False
    return is_deleted


def _changes(before: Thread, thread: Thread, *, has_new_alias: bool) -> list[EventType]:
    """Return the event types for the changes from ``before`` to ``thread``, except withdrawal."""
    types = [EventType.THREAD_MOVED] if before.article != thread.article else []
    content = {*CONTENT, "close_reason", "updated_at"}
    if (before.closed_at is None) != (thread.closed_at is None):
        types.append(EventType.THREAD_REOPENED if thread.closed_at is None else EventType.THREAD_CLOSED)
        content -= {"closing_kind", "closing_at", "close_reason"}
    if types or before.withdrawn_at != thread.withdrawn_at:
        content -= {"updated_at"}
    if any(getattr(before, name) != getattr(thread, name) for name in content) or (has_new_alias and not types):
        types.append(EventType.THREAD_UPDATED)
    return types


def _withdrawal_event(thread: Thread, *, is_gone: bool) -> EventType:
    if thread.withdrawn_at is None:
        return EventType.THREAD_RESTORED
    return EventType.THREAD_DELETED if is_gone else EventType.THREAD_WITHDRAWN
