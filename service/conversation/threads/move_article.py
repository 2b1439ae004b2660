"""Change an article's id or URL; its thread stays and can still be found by the former ones.

If an article was registered under its new id before the host announced the change, it has two threads. The one without
comments is set aside and nothing is lost. If both have comments, the host must decide.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.article_event_order import CLOSED, CONTENT, ID, WITHDRAWAL, LatestEvents
from service.conversation.threads.counts import write_counts
from service.conversation.threads.model import ArticleAliasRow, ArticleEventTimesRow, Thread, ThreadRow, UrlAliasRow
from service.conversation.threads.thread_events import thread_event
from service.platform import clock
from service.platform.events.event_types import EventType, NewEvent
from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import insert_if_absent


class ArticleIdConflict(Problem):
    """The new id of an article already belongs to another article with comments."""

    status: ClassVar[int] = 409
    slug = "article-id-conflict"


def thread_to_keep(threads: Sequence[Thread]) -> Thread:
    """Return the one of an article's one or two ``threads`` to keep.

    Raises :class:`ArticleIdConflict` if both have comments.
    """
    commented = [thread for thread in threads if thread.places]
    if len(commented) > 1:
        raise ArticleIdConflict
    return commented[0] if commented else threads[-1]


def merge_newer_values(thread: Thread, latest: LatestEvents, other: Thread, latest_of_other: LatestEvents) -> None:
    """Copy to ``thread`` each newer value of ``other``, a second thread of the same article."""
    for column, field in CONTENT.items():
        if _is_newer(field, latest_of_other, latest):
            setattr(thread, column, getattr(other, column))
    if "published_at" not in latest.fields and "published_at" not in latest_of_other.fields:
        thread.published_at = min(filter(None, (thread.published_at, other.published_at)), default=None)
    thread.updated_at = max(filter(None, (thread.updated_at, other.updated_at)), default=None)
    if _is_newer(WITHDRAWAL, latest_of_other, latest):
        thread.withdrawn_at = other.withdrawn_at
    if _is_newer(CLOSED, latest_of_other, latest):
        thread.closed_at, thread.close_reason = other.closed_at, other.close_reason
    for field, at in latest_of_other.fields.items():
        latest.record(field, at)


def _is_newer(field: str, one: LatestEvents, other: LatestEvents) -> bool:
    at = one.fields.get(field)
    return at is not None and (field not in other.fields or at > other.fields[field])


async def set_aside(
    connection: AsyncConnection, site: Site, other: Thread, *, for_thread: Thread, now: datetime
) -> NewEvent:
    """Give the ids and URLs of ``other``, which has no comments, to ``for_thread``; return its event.

    ``other`` keeps its events, under a random id.
    """
    other.withdrawn_at = now
    event = thread_event(other, site, EventType.THREAD_DELETED, occurred_at=now)
    if other.url:
        await add_url_alias(connection, for_thread, other.url)
    for alias in (ArticleAliasRow, UrlAliasRow):
        await connection.execute(update(alias).where(alias.thread_id == other.id).values(thread_id=for_thread.id))
    values = {
        "article": str(clock.new_id()),
        "url": None,
        "withdrawn_at": now,
        "closing_kind": "never",
        "closing_at": None,
    }
    await connection.execute(update(ThreadRow).where(ThreadRow.id == other.id).values(values))
    await connection.execute(delete(ArticleEventTimesRow).where(ArticleEventTimesRow.thread_id == other.id))
    await write_counts(connection, [other], now=now)
    return event


async def move_thread(
    connection: AsyncConnection, thread: Thread, latest: LatestEvents, ids: Iterable[str], *, to: str, at: datetime
) -> bool:
    """Set the article id of ``thread`` to ``to``, unless a newer id is known; keep all other ``ids`` as aliases.

    Changes ``thread`` in memory. Returns whether an alias was added.
    """
    before = thread.article
    if latest.is_current(ID, at):
        thread.article = to
        current = (ArticleAliasRow.site_id == thread.site_id, ArticleAliasRow.article == to)
        await connection.execute(delete(ArticleAliasRow).where(*current))
    latest.record(ID, at)
    return any([await _add_id_alias(connection, thread, id_) for id_ in {*ids, before} - {thread.article}])


async def _add_id_alias(connection: AsyncConnection, thread: Thread, article: str) -> bool:
    row = {"site_id": thread.site_id, "article": article, "thread_id": thread.id}
    added = insert_if_absent(connection, ArticleAliasRow).values(row).returning(ArticleAliasRow.article)
    return (await connection.execute(added)).one_or_none() is not None


async def add_url_alias(connection: AsyncConnection, thread: Thread, url: str) -> None:
    """Let ``url``, a former URL, find ``thread`` instead of any thread that had it before."""
    insert = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(UrlAliasRow)
    alias = insert.values(site_id=thread.site_id, url=url, thread_id=thread.id)
    key = [UrlAliasRow.site_id, UrlAliasRow.url]
    await connection.execute(alias.on_conflict_do_update(index_elements=key, set_={"thread_id": thread.id}))
