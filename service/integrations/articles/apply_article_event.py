"""Apply an article event of the host CMS to the article's thread.

Events may arrive twice and out of order. Each event has an id, and each value keeps the instant from which it
holds. An older event never overwrites a newer value (``threads/article_event_order.py``), so the order of arrival
does not matter.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple

from msgspec import structs
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.article_event_order import CONTENT, NEWEST, LatestEvents, read_told, write_told
from service.conversation.threads.close_thread import settle_closings
from service.conversation.threads.counts import write_counts
from service.conversation.threads.lock_threads import lock_threads, lock_threads_by_id
from service.conversation.threads.model import Thread, ThreadRow
from service.conversation.threads.move_article import inherit, keep_url, move_thread, set_aside, surviving
from service.conversation.threads.register_article import change, lock_or_create
from service.conversation.threads.thread_events import tell
from service.conversation.threads.thread_lookup import ids_of_threads
from service.conversation.threads.withdraw_article import ask_erasure, note_standing, stand, take_standings
from service.integrations.articles.received_messages import note_received
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType
from service.platform.problems import Busy, InvalidField, Said
from service.platform.sites.model import SecretRow
from service.platform.sites.site_lookup import Site

Kind = Literal["article.published", "article.updated", "article.withdrawn", "article.restored", "article.deleted"]
# Whether an event of this kind withdraws the article. Kinds that are missing here change nothing.
WITHDRAWN: dict[Kind, bool] = {
    "article.published": False,
    "article.withdrawn": True,
    "article.restored": False,
    "article.deleted": True,
}
WRITTEN = ("article", *CONTENT, "updated_at", "close_reason", "withdrawn_at")


class News(NamedTuple):
    """One article event, decoded: the article's id, its ``previous`` id and the changes.

    ``changes`` maps columns of the thread to values. ``at`` is when the change happened at the host; ``sent_at`` is
    when the host sent the event.
    """

    kind: Kind
    article: str
    previous: str | None
    changes: dict[str, Any]
    at: datetime
    sent_at: datetime

    @property
    def ids(self) -> list[str]:
        """The ids of the article, the current one first."""
        return [self.article] if self.previous in {None, self.article} else [self.article, str(self.previous)]

    @property
    def tells_content(self) -> bool:
        """Whether the event carries the article's content; the other kinds only say if it is public."""
        return self.kind in {"article.published", "article.updated"}


async def receive_news(connection: AsyncConnection, site: Site, news: News, *, webhook_id: str) -> Thread | None:
    """Apply an event to the article's thread and return the thread.

    Returns None when the article has no thread and the event does not create one (withdrawn, restored, deleted).
    Such an event is stored and applies when the article is registered. An event that was received before changes
    nothing. Raises InvalidField when a new thread would have no title, or ArticleIdConflict.
    """
    await _take_turn(connection, site)
    now = clock.now()
    if not await note_received(connection, site.id, webhook_id, now=now):
        return await _find(connection, site, news)
    known = await lock_threads(connection, [(site.id, article) for article in news.ids])
    threads = list({thread.id: thread for thread in (known.get((site.id, id_)) for id_ in news.ids) if thread}.values())
    if threads:
        return await _follow(connection, site, threads, news, now=now)
    if news.tells_content:
        return await _begin(connection, site, news, now=now)
    withdrawn = WITHDRAWN[news.kind]
    await note_standing(connection, site.id, news.ids, withdrawn=withdrawn, at=news.at, now=now)
    return None


async def _take_turn(connection: AsyncConnection, site: Site) -> None:
    """Serialise the article events of a site.

    Otherwise two first events of one article could both find no thread.
    """
    secret = select(SecretRow.name).where(SecretRow.site_id == site.id, SecretRow.name == "article-hooks")
    if (await connection.execute(secret.with_for_update())).one_or_none() is None:
        raise Busy(cause="The secret is being replaced just now.")


async def _find(connection: AsyncConnection, site: Site, news: News) -> Thread | None:
    """Return the thread of a repeated event, or None."""
    ids = await ids_of_threads(connection, [(site.id, article) for article in news.ids])
    found = next((ids[site.id, article] for article in news.ids if (site.id, article) in ids), None)
    return (await lock_threads_by_id(connection, [found]))[found] if found else None


async def _begin(connection: AsyncConnection, site: Site, news: News, *, now: datetime) -> Thread:
    """Register the article."""
    if "title" not in news.changes:
        raise InvalidField(Said("title-needed"), pointer="/data/title")
    thread, created = await lock_or_create(connection, site, news.article, {"title": news.changes["title"]})
    event = EventType.THREAD_CREATED if created else None
    return await _follow(connection, site, [thread], news, now=now, beginning=event)


async def _follow(
    connection: AsyncConnection,
    site: Site,
    threads: list[Thread],
    news: News,
    *,
    now: datetime,
    beginning: EventType | None = None,
) -> Thread:
    """Apply the event to ``threads`` (one, or two to merge) and append the events for the changes."""
    events = [] if beginning else await settle_closings(connection, threads, {site.id: site}, now=now)
    thread = surviving(threads) if news.tells_content else threads[0]
    told, before = await read_told(connection, thread), structs.replace(thread)
    answers_to_more = False
    if news.tells_content:
        for other in [each for each in threads if each is not thread]:
            inherit(thread, told, other, await read_told(connection, other))
            events.append(await set_aside(connection, site, other, for_thread=thread, now=now))
        if news.previous is not None:
            answers_to_more = await move_thread(connection, thread, told, news.ids, to=news.article, at=news.at)
        await _learn(connection, thread, told, news)
    is_gone = await _stand(connection, site, thread, told, news)
    await write_told(connection, thread, told)
    types = [beginning] if beginning else _changes(before, thread, answers_to_more=answers_to_more)
    if before.withdrawn_at != thread.withdrawn_at:
        types.append(_standing_event(thread, is_gone=is_gone))
    for type_ in types:
        moved = {"previous_article": before.article} if type_ is EventType.THREAD_MOVED else {}
        events.append(tell(thread, site, type_, occurred_at=now, **moved))
    if types:
        values = {name: getattr(thread, name) for name in WRITTEN}
        await connection.execute(update(ThreadRow).where(ThreadRow.id == thread.id).values(values))
        await write_counts(connection, [thread], now=now)
    await append_events(connection, events)
    return thread


async def _learn(connection: AsyncConnection, thread: Thread, told: LatestEvents, news: News) -> None:
    """Update the article's columns in memory, except those that a later event has set."""
    url = thread.url
    fresh = {column: value for column, value in news.changes.items() if told.is_news(CONTENT[column], news.at)}
    change(thread, fresh)
    for column in fresh:
        told.note(CONTENT[column], news.at)
    told.note(NEWEST, news.at)
    thread.updated_at = max(news.at, thread.updated_at or news.at)
    if news.kind == "article.published" and "published_at" not in told.things:
        thread.published_at = min(news.sent_at, thread.published_at or news.sent_at)
    for former in (url, news.changes.get("url")):
        if former and former != thread.url:
            await keep_url(connection, thread, former)


async def _stand(connection: AsyncConnection, site: Site, thread: Thread, told: LatestEvents, news: News) -> bool:
    """Withdraw or restore the article in memory.

    Returns whether the article is deleted now and no erasure is pending.
    """
    await take_standings(connection, thread, told, news.ids)
    withdrawn = WITHDRAWN.get(news.kind)
    is_newest = withdrawn is not None and stand(thread, told, withdrawn=withdrawn, at=news.at)
    is_deleted = is_newest and news.kind == "article.deleted"
    if is_deleted and site.settings.on_article_deleted == "erase" and thread.places > 0:
        await ask_erasure(connection, thread)
        return False
    return is_deleted


def _changes(before: Thread, thread: Thread, *, answers_to_more: bool) -> list[EventType]:
    """Return the event types for the changes from ``before`` to ``thread``, except withdrawal."""
    types = [EventType.THREAD_MOVED] if before.article != thread.article else []
    is_told = bool(types) or before.withdrawn_at != thread.withdrawn_at
    content = (*CONTENT, "close_reason") if is_told else (*CONTENT, "close_reason", "updated_at")
    if any(getattr(before, name) != getattr(thread, name) for name in content) or (answers_to_more and not types):
        types.append(EventType.THREAD_UPDATED)
    return types


def _standing_event(thread: Thread, *, is_gone: bool) -> EventType:
    if thread.withdrawn_at is None:
        return EventType.THREAD_RESTORED
    return EventType.THREAD_DELETED if is_gone else EventType.THREAD_WITHDRAWN
