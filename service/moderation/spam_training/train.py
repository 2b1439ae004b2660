"""Train a site's spam filter on moderators' decisions, by reading the log.

The last decision on a comment counts. ``spam`` gives a spam example; ``publish`` and ``restore`` give a not-spam
example. ``reject`` and ``delete`` have many reasons and give none. ``undo`` removes the example, and so does deletion
by the author. So the filter never learns from its own findings, and stores nothing of deleted comments.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import ClassifierRow
from service.conversation.comments.site_spam_models import decode_counts, encode_counts
from service.conversation.screening.spam_features import FEATURES_VERSION
from service.conversation.screening.spam_model import FeatureCounts
from service.moderation.spam_training.read_decisions import DecidedComment, read_decided_comments
from service.moderation.spam_training.training_examples import (
    TrainingExample,
    build_examples,
    delete_all_examples,
    delete_examples,
    read_examples,
    read_oldest_examples,
    store_examples,
)
from service.platform.sites.edit_site import list_sites
from service.platform.sites.model import SiteRow
from service.platform.storage.engine import Database
from service.platform.storage.portable import insert_if_absent

MAX_TRAINING_EXAMPLES = 2_000  # of each kind: each new one replaces the oldest, so the filter follows current spam


async def learn_from_logs(database: Database) -> None:
    """Train the spam filter of each site that uses one to the end of its log; delete the training data of others."""
    async with database.read() as connection:
        sites = await list_sites(connection)
        heads = {row.id: row.position for row in await connection.execute(_HEADS)}
        read = {
            row.site_id: row.position if row.features_version == FEATURES_VERSION else 0
            for row in await connection.execute(_READ)
        }
    for site in sites:
        if site.rules.classifier is None:
            if site.id in read:
                await _delete_training_data(database, site.id)
        elif heads[site.id] != read.get(site.id, 0):
            while await learn_next_events(database, site.id):
                pass


async def learn_next_events(database: Database, site_id: int) -> bool:
    """Learn from the next events of a site's log in one transaction; return whether there may be more.

    The counts, the examples and the log position commit together. If another process is training this filter, do
    nothing.
    """
    async with database.write() as connection:
        classifier = await _lock(connection, site_id)
        if classifier is None:
            return False
        batch = await read_decided_comments(connection, site_id, after=classifier.position)
        values: dict[str, object] = {"position": batch.position, "features_version": FEATURES_VERSION}
        if batch.decided:
            counts = await _learn(connection, site_id, classifier.counts, batch.decided)
            values |= {"version": classifier.version + 1, "counts": counts}
        await connection.execute(update(ClassifierRow).where(ClassifierRow.site_id == site_id).values(values))
        return batch.has_more


async def unlearn(connection: AsyncConnection, site_id: int, comment_ids: Sequence[UUID]) -> None:
    """Remove the examples of comments that are erased in the same transaction.

    Waits for the filter's row lock, so that no process learns from these comments meanwhile.
    """
    of_site = {"site": site_id}
    row = (await connection.execute(_LOCK.with_for_update(skip_locked=False), of_site)).one_or_none()
    examples = await read_examples(connection, comment_ids) if row else []
    if row is None or not examples:
        return
    counts = await asyncio.to_thread(_count, await asyncio.to_thread(decode_counts, row.counts), examples, [])
    values = {"version": row.version + 1, "counts": encode_counts(counts)}
    await connection.execute(update(ClassifierRow).where(ClassifierRow.site_id == site_id).values(values))
    await delete_examples(connection, examples)


class _Classifier(NamedTuple):
    position: int
    version: int
    counts: bytes


async def _lock(connection: AsyncConnection, site_id: int) -> _Classifier | None:
    """Lock and return the site's filter until the transaction ends; None if another process has locked it."""
    row = (await connection.execute(_LOCK, {"site": site_id})).one_or_none()
    if row is None:
        blank = {
            "site_id": site_id,
            "features_version": FEATURES_VERSION,
            "position": 0,
            "version": 0,
            "counts": _NO_COUNTS,
        }
        await connection.execute(insert_if_absent(connection, ClassifierRow).values(blank))
        row = (await connection.execute(_LOCK, {"site": site_id})).one_or_none()
    if row is None:
        return None
    if row.features_version == FEATURES_VERSION:
        return _Classifier(row.position, row.version, row.counts)
    await delete_all_examples(connection, site_id)
    return _Classifier(0, row.version, _NO_COUNTS)


_NO_COUNTS = encode_counts(FeatureCounts())
_HEADS = select(SiteRow.id, SiteRow.position)
_READ = select(ClassifierRow.site_id, ClassifierRow.position, ClassifierRow.features_version)
_LOCK = (
    select(ClassifierRow.features_version, ClassifierRow.position, ClassifierRow.version, ClassifierRow.counts)
    .where(ClassifierRow.site_id == bindparam("site"))
    .with_for_update(skip_locked=True)
)


async def _learn(connection: AsyncConnection, site_id: int, counts: bytes, decided: Sequence[DecidedComment]) -> bytes:
    """Return the ``counts`` updated with the decisions ``decided``; store and delete the examples to match."""
    old, new = (
        await read_examples(connection, [each.comment_id for each in decided]),
        await build_examples(connection, decided),
    )
    await delete_examples(connection, old)
    await store_examples(connection, site_id, new)
    updated = await asyncio.to_thread(_count, await asyncio.to_thread(decode_counts, counts), old, new)
    for spam, count in ((True, updated.spam), (False, updated.not_spam)):
        oldest = await read_oldest_examples(connection, site_id, spam=spam, count=count - MAX_TRAINING_EXAMPLES)
        await delete_examples(connection, oldest)
        updated = await asyncio.to_thread(_count, updated, oldest, [])
    return encode_counts(updated)


def _count(counts: FeatureCounts, old: Sequence[TrainingExample], new: Sequence[TrainingExample]) -> FeatureCounts:
    for example in old:
        counts.unlearn(example.features, spam=example.spam)
    for example in new:
        counts.learn(example.features, spam=example.spam)
    return counts


async def _delete_training_data(database: Database, site_id: int) -> None:
    """Delete a site's training data: an unused filter does not read the log, so it would miss authors' deletions."""
    async with database.write() as connection:
        # Delete the row first: that waits for a process that is training, so none of its examples stays behind.
        await connection.execute(delete(ClassifierRow).where(ClassifierRow.site_id == site_id))
        await delete_all_examples(connection, site_id)
