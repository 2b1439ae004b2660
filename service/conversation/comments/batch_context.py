"""Read everything that decides a batch, in a few queries under the locks of its threads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Delete, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import read_comments
from service.conversation.comments.model import Comment, IdempotencyKeyRow
from service.conversation.comments.reputation_queries import RecentActivity, read_activity, uses_reputation
from service.conversation.comments.submission import Draft
from service.conversation.readers.measure_lookup import Measures, read_measures
from service.conversation.screening.reputation_rules import hash_text
from service.conversation.threads.lock_threads import lock_threads
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_policy import mode_of, rules_of
from service.platform import clock
from service.platform.sites.site_lookup import Site, current_sites
from service.platform.storage.portable import any_of, row_parameters

KEY_RETENTION = timedelta(hours=24)


class StoredPost(NamedTuple):
    """An accepted post stored under its idempotency key."""

    fingerprint: bytes
    comment_id: UUID
    status: int


class BatchContext(msgspec.Struct):
    """Threads by site and article, sites by id, stored posts by thread and key, comments by id, measures by
    fingerprint.

    ``now`` was read after the locks, so the threads include every close before it.
    Each accepted post is added to ``stored``, ``comments`` and ``activity``, so later posts of the batch see it.
    """

    now: datetime
    threads: dict[tuple[int, str], Thread]
    sites: dict[int, Site]
    stored: dict[tuple[int, str], StoredPost]
    comments: dict[UUID, Comment]
    measures: Measures
    activity: RecentActivity


async def lock_and_read_context(connection: AsyncConnection, drafts: Sequence[Draft]) -> BatchContext:
    """Lock the threads of ``drafts``, then read everything that decides them; the clock as late as possible."""
    threads = await lock_threads(connection, {(draft.site.id, draft.article) for draft in drafts})
    sites = await current_sites(connection, {draft.site.id: draft.site for draft in drafts})
    of_authors = {(draft.site.id, each) for draft in drafts for each in draft.fingerprints}
    measures = await read_measures(connection, of_authors)
    activity = await _read_activity(connection, threads, sites, drafts)
    now = clock.now()
    stored = await _read_stored(connection, threads, drafts, now)
    ids = {draft.parent_id for draft in drafts if draft.parent_id}
    ids |= {post.comment_id for post in stored.values()}
    comments = await read_comments(connection, ids)
    return BatchContext(now, threads, sites, stored, comments, measures, activity)


async def _read_activity(
    connection: AsyncConnection,
    threads: dict[tuple[int, str], Thread],
    sites: dict[int, Site],
    drafts: Sequence[Draft],
) -> RecentActivity:
    """Read the recent activity for those ``drafts`` whose site has rules on reputation."""
    now = clock.now()
    readers, addresses, texts = set(), set(), set()
    for draft in drafts:
        thread, site = threads.get((draft.site.id, draft.article)), sites[draft.site.id]
        if thread is None or not uses_reputation(rules := rules_of(thread, site), mode_of(thread, site, now)):
            continue
        if draft.is_known:
            readers.add(draft.reader_id)
        if draft.address_fingerprint is not None and rules.max_per_minute_per_address is not None:
            addresses.add(draft.address_fingerprint)
        if rules.duplicates is not None:
            texts.add(hash_text(thread.id, draft.text.folded_body))
    return await read_activity(connection, readers=readers, addresses=addresses, texts=texts)


async def _read_stored(
    connection: AsyncConnection, threads: dict[tuple[int, str], Thread], drafts: Sequence[Draft], now: datetime
) -> dict[tuple[int, str], StoredPost]:
    """Read the posts stored under the keys of ``drafts``; delete those past their retention."""
    keys = {
        (thread.id, draft.key)
        for draft in drafts
        if draft.key and (thread := threads.get((draft.site.id, draft.article)))
    }
    if not keys:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_read_keys(dialect), row_parameters(dialect, sorted(keys)))
    stored = {}
    expired = []
    for thread_id, key, created_at, fingerprint, comment_id, status in rows:
        if created_at > now - KEY_RETENTION:
            stored[thread_id, key] = StoredPost(fingerprint, comment_id, status)
        else:
            expired.append((thread_id, key))
    if expired:
        await connection.execute(_delete_keys(dialect), row_parameters(dialect, expired))
    return stored


@lru_cache
def _read_keys(dialect: str) -> Select[*tuple[Any, ...]]:
    row = IdempotencyKeyRow
    post = (row.fingerprint, row.comment_id, row.status)
    return select(row.thread_id, row.key, row.created_at, *post).where(any_of(dialect, row.thread_id, row.key))


@lru_cache
def _delete_keys(dialect: str) -> Delete:
    row = IdempotencyKeyRow
    return delete(row).where(any_of(dialect, row.thread_id, row.key))


async def prune_keys(connection: AsyncConnection, *, now: datetime) -> None:
    """Prune idempotency keys older than :data:`KEY_RETENTION`."""
    await connection.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at <= now - KEY_RETENTION))
