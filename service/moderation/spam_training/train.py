"""Train a site's spam filter on moderators' decisions, by reading the log.

The last decision on a comment counts. ``spam`` is a spam lesson; ``publish`` and ``restore`` are not-spam lessons.
``reject`` and ``delete`` have many reasons and teach nothing; ``undo`` removes the lesson, and so does deletion by the
author. So the filter never learns from its own findings, and keeps nothing of deleted comments.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import ClassifierRow
from service.conversation.comments.site_spam_models import decode_learned, encode_learned
from service.conversation.screening.spam_features import EDITION
from service.conversation.screening.spam_model import Learned
from service.moderation.spam_training.lesson_store import (
    Lesson,
    delete_all_lessons,
    delete_lessons,
    read_first_lessons,
    read_lessons,
    read_new_lessons,
    read_old_lessons,
    store_lessons,
)
from service.moderation.spam_training.read_decisions import DecidedComment, read_decided_comments
from service.platform.sites.edit_site import list_sites
from service.platform.sites.model import SiteRow
from service.platform.storage.engine import Database
from service.platform.storage.portable import insert_if_absent

MAX_LESSONS = 2_000  # of each kind: each new lesson removes the oldest, so the filter follows current spam


async def learn_from_logs(database: Database) -> None:
    """Train the spam filter of each site that uses one to the end of its log; delete the training data of others."""
    async with database.read() as connection:
        sites = await list_sites(connection)
        heads = {row.id: row.position for row in await connection.execute(_HEADS)}
        read = {row.site_id: row.position if row.edition == EDITION else 0 for row in await connection.execute(_READ)}
    for site in sites:
        if site.rules.classifier is None:
            if site.id in read:
                await _delete_training_data(database, site.id)
        elif heads[site.id] != read.get(site.id, 0):
            while await learn_next_events(database, site.id):
                pass


async def learn_next_events(database: Database, site_id: int) -> bool:
    """Learn from the next events of a site's log in one transaction; return whether there may be more.

    The counts, the lessons and the log position commit together. If another process is training this filter, do
    nothing.
    """
    async with database.write() as connection:
        classifier = await _lock(connection, site_id)
        if classifier is None:
            return False
        reading = await read_decided_comments(connection, site_id, after=classifier.position)
        values: dict[str, object] = {"position": reading.position, "edition": EDITION}
        if reading.decided:
            learned = await _learn(connection, site_id, classifier.learned, reading.decided)
            values |= {"version": classifier.version + 1, "learned": learned}
        await connection.execute(update(ClassifierRow).where(ClassifierRow.site_id == site_id).values(values))
        return reading.more


async def unlearn(connection: AsyncConnection, site_id: int, comment_ids: Sequence[UUID]) -> None:
    """Remove the lessons of comments that are erased in the same transaction.

    Waits for the filter's row lock, so that no process learns from these comments meanwhile.
    """
    of_site = {"site": site_id}
    row = (await connection.execute(_LOCK.with_for_update(skip_locked=False), of_site)).one_or_none()
    lessons = await read_lessons(connection, comment_ids) if row else []
    if row is None or not lessons:
        return
    counts = await asyncio.to_thread(_count, await asyncio.to_thread(decode_learned, row.learned), lessons, [])
    values = {"version": row.version + 1, "learned": encode_learned(counts)}
    await connection.execute(update(ClassifierRow).where(ClassifierRow.site_id == site_id).values(values))
    await delete_lessons(connection, lessons)


class _Classifier(NamedTuple):
    position: int
    version: int
    learned: bytes


async def _lock(connection: AsyncConnection, site_id: int) -> _Classifier | None:
    """Lock and return the site's filter until the transaction ends; None if another process has locked it."""
    row = (await connection.execute(_LOCK, {"site": site_id})).one_or_none()
    if row is None:
        blank = {"site_id": site_id, "edition": EDITION, "position": 0, "version": 0, "learned": _NOTHING}
        await connection.execute(insert_if_absent(connection, ClassifierRow).values(blank))
        row = (await connection.execute(_LOCK, {"site": site_id})).one_or_none()
    if row is None:
        return None
    if row.edition == EDITION:
        return _Classifier(row.position, row.version, row.learned)
    await delete_all_lessons(connection, site_id)
    return _Classifier(0, row.version, _NOTHING)


_NOTHING = encode_learned(Learned())
_HEADS = select(SiteRow.id, SiteRow.position)
_READ = select(ClassifierRow.site_id, ClassifierRow.position, ClassifierRow.edition)
_LOCK = (
    select(ClassifierRow.edition, ClassifierRow.position, ClassifierRow.version, ClassifierRow.learned)
    .where(ClassifierRow.site_id == bindparam("site"))
    .with_for_update(skip_locked=True)
)


async def _learn(connection: AsyncConnection, site_id: int, learned: bytes, decided: Sequence[DecidedComment]) -> bytes:
    """Return the ``learned`` counts updated with the decisions ``decided``; store and delete the lessons to match."""
    old, new = await read_old_lessons(connection, decided), await read_new_lessons(connection, decided)
    await delete_lessons(connection, old)
    await store_lessons(connection, site_id, new)
    counts = await asyncio.to_thread(_count, await asyncio.to_thread(decode_learned, learned), old, new)
    for spam, count in ((True, counts.spam), (False, counts.not_spam)):
        first = await read_first_lessons(connection, site_id, spam=spam, count=count - MAX_LESSONS)
        await delete_lessons(connection, first)
        counts = await asyncio.to_thread(_count, counts, first, [])
    return encode_learned(counts)


def _count(learned: Learned, old: Sequence[Lesson], new: Sequence[Lesson]) -> Learned:
    for lesson in old:
        learned.unlearn(lesson.features, spam=lesson.spam)
    for lesson in new:
        learned.learn(lesson.features, spam=lesson.spam)
    return learned


async def _delete_training_data(database: Database, site_id: int) -> None:
    """Delete a site's training data: an unused filter does not read the log, so it would miss authors' deletions."""
    async with database.write() as connection:
        # Delete the row first: that waits for a process that is training, so none of its lessons stays behind.
        await connection.execute(delete(ClassifierRow).where(ClassifierRow.site_id == site_id))
        await delete_all_lessons(connection, site_id)
