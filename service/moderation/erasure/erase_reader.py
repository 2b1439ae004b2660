"""Erase a reader, who may ask for that (GDPR, article 17): what they wrote, and what staff wrote about them.

Their comments get what their authors' own deletion does (``comments/delete_comment.py``), in every state; a tombstone
stays where there are replies. The work runs in batches. Each batch is one transaction, which holds the locks of its
threads briefly, so counts are right at every step. After a crash the next call erases the rest and changes nothing
that is erased already.

*What stays*: bans, holds and trust, which need only the reader's id or keyed hashes, so that an erasure does not lift
a ban. Reports on the reader's comments stay as after their own deletion: those of illegal content, whose words are
sealed, until a moderator decides on them (Digital Services Act, article 16).
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from service.conversation.comments.comment_lookup import lock_comments
from service.conversation.comments.delete_comment import delete_for_author, is_erased
from service.conversation.comments.model import CommentRow
from service.conversation.readers.model import MeasureRow
from service.conversation.threads.model import ThreadRow
from service.moderation.decisions.erase_comment_records import erase_learned_words
from service.moderation.reports.report_store import erase_reporter, reported_by
from service.platform import clock
from service.platform.access.fingerprints import Fingerprints
from service.platform.events.model import DecisionRow
from service.platform.events.record_decisions import ERASE_READER, Actor, NewDecision, record_decisions
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site, current_sites
from service.platform.storage.engine import Database

BATCH = 2  # comments per transaction: their texts may be long
MASKED_EMAIL = "e-mail of an erased reader"


async def erase_reader(
    database: Database, fingerprints: Fingerprints, site: Site, reader_id: UUID, *, by: Actor
) -> None:
    """Erase a reader of ``site``, and log that without their data. Idempotent.

    Raises NotFound if they never posted or reported there.
    """
    fingerprint = fingerprints.of_reader(site.id, reader_id)
    reports = await _erase_reports(database, fingerprint)
    last: UUID | None = None
    erased = 0
    while ids := await _next_comments(database, site, reader_id, after=last):
        async with database.write() as connection:
            erased += await _erase_comments(connection, site, ids)
        last = ids[-1]
    async with database.write() as connection:
        is_logged = await _is_logged(connection, site, reader_id, after=last)
        if last is None and not reports and not is_logged:
            raise NotFound
        erased += reports + await _erase_words_about(connection, site, reader_id)
        if erased or not is_logged:
            decision = NewDecision(site.id, ERASE_READER, by, reader_id=reader_id)
            await record_decisions(connection, [decision], now=clock.now())


async def count_comments(connection: AsyncConnection, site: Site, reader_id: UUID) -> int:
    """Return how many comments of the reader :func:`erase_reader` would erase; those erased already don't count."""
    kept = or_(CommentRow.body != "", CommentRow.author_name != "")
    statement = _comments_of(site, reader_id, func.count()).where(kept)
    count: int = (await connection.execute(statement)).scalar_one()
    return count


async def _erase_reports(database: Database, fingerprint: int) -> int:
    """Erase the reporter from the reports that they filed while the host had signed them in; return how many."""
    erased = 0
    while True:
        async with database.read() as connection:
            reported = await reported_by(connection, fingerprint)
        if not reported:
            return erased
        async with database.write() as connection:
            await erase_reporter(connection, fingerprint, reported)
        erased += len(reported)


async def _next_comments(database: Database, site: Site, reader_id: UUID, *, after: UUID | None) -> Sequence[UUID]:
    statement = _comments_of(site, reader_id, CommentRow.id).order_by(CommentRow.id).limit(BATCH)
    if after is not None:
        statement = statement.where(CommentRow.id > after)
    async with database.read() as connection:
        return (await connection.scalars(statement)).all()


def _comments_of(site: Site, reader_id: UUID, column: Any) -> Select[Any]:
    joined = select(column).join_from(CommentRow, ThreadRow, ThreadRow.id == CommentRow.thread_id)
    return joined.where(CommentRow.reader_id == reader_id, ThreadRow.site_id == site.id)


async def _erase_comments(connection: AsyncConnection, site: Site, ids: Sequence[UUID]) -> int:
    """Erase the comments ``ids`` and the notes of the decisions on them; return how many of both there were."""
    locked = await lock_comments(connection, site, ids)
    site = (await current_sites(connection, {site.id: site}))[site.id]
    kept = [locked[each] for each in ids if not is_erased(locked[each][0])]
    if kept:
        await erase_learned_words(connection, site.id, [comment.id for comment, _ in kept])
        await asyncio.sleep(0)  # SQLite's statements do not let other requests run
        await delete_for_author(connection, site, kept)
        await asyncio.sleep(0)
    row = DecisionRow
    noted = update(row).where(row.comment_id.in_(ids), row.note.is_not(None)).values(note=None)
    return len(kept) + await _count(connection, noted.returning(row.id))


async def _erase_words_about(connection: AsyncConnection, site: Site, reader_id: UUID) -> int:
    """End the notes on the reader, and erase the words of all measures on them; return how many had words."""
    now, row, log = clock.now(), MeasureRow, DecisionRow
    of_reader = (row.site_id == site.id, row.reader_id == reader_id)
    ended = update(row).where(*of_reader, row.action == "note", row.ended_at.is_(None)).values(ended_at=now)
    explained = update(row).where(*of_reader, row.reason.is_not(None)).values(reason=None)
    masked = update(row).where(*of_reader, row.kind == "email", row.masked_value != MASKED_EMAIL)
    logged = (log.site_id == site.id, log.reader_id == reader_id, log.comment_id.is_(None))
    worded = update(log).where(*logged, or_(log.reason.is_not(None), log.note.is_not(None)))
    erased = [
        await _count(connection, ended.returning(row.id)),
        await _count(connection, explained.returning(row.id)),
        await _count(connection, masked.values(masked_value=MASKED_EMAIL).returning(row.id)),
        await _count(connection, worded.values(reason=None, note=None).returning(log.id)),
    ]
    return sum(erased)


async def _count(connection: AsyncConnection, statement: ReturningUpdate[Any]) -> int:
    return len((await connection.execute(statement)).all())


async def _is_logged(connection: AsyncConnection, site: Site, reader_id: UUID, *, after: UUID | None) -> bool:
    """Whether the log has an erasure of the reader after their comment ``after``; a crash may have prevented that."""
    logged = (DecisionRow.site_id == site.id, DecisionRow.reader_id == reader_id, DecisionRow.action == ERASE_READER)
    newest = await connection.scalar(select(DecisionRow.id).where(*logged).order_by(DecisionRow.id.desc()).limit(1))
    return newest is not None and (after is None or newest > after)
