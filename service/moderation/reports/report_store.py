"""Store the reports on a comment: one per reader, open until a decision settles it."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.readers.model import ReportRow
from service.platform.events.model import DecisionRow
from service.platform.events.record_decisions import UNDO_WINDOW
from service.platform.storage.portable import any_of, insert_many, row_parameters, run_many

BATCH = 500  # reports that one transaction prunes or erases
Reason = Literal["spam", "abuse", "off-topic", "illegal", "personal-data", "other"]


class NewReport(NamedTuple):
    """What a reader reports."""

    reason: Reason
    note: str | None
    contact: str | None


class Report(NamedTuple):
    """A reader's report on a comment; ``contact`` is for questions to the reporter."""

    id: UUID
    reason: Reason
    note: str | None
    contact: str | None
    created_at: datetime


COLUMNS = tuple(getattr(ReportRow, name) for name in Report._fields)


class Reporter(NamedTuple):
    """The reporter: their fingerprint, whether it is of an address, and all fingerprints to check for bans."""

    fingerprint: int
    by_address: bool
    fingerprints: list[int]


class OwnReport(NamedTuple):
    """A reporter's own report, and the decision that settled it, if any."""

    report: Report
    settled_by: UUID | None


async def read_own_report(connection: AsyncConnection, comment_id: UUID, fingerprint: int) -> OwnReport | None:
    """Read the report on a comment by the reporter with this ``fingerprint``."""
    own = (ReportRow.comment_id == comment_id, ReportRow.reporter_fingerprint == fingerprint)
    row = (await connection.execute(select(*COLUMNS, ReportRow.settled_by).where(*own))).one_or_none()
    return OwnReport(Report(*row[:-1]), row[-1]) if row else None


async def last_decision(connection: AsyncConnection, comment_id: UUID) -> UUID | None:
    """Return the latest decision on a comment."""
    of_comment = select(DecisionRow.id).where(DecisionRow.comment_id == comment_id)
    return (await connection.execute(of_comment.order_by(DecisionRow.id.desc()).limit(1))).scalar_one_or_none()


async def write_report(
    connection: AsyncConnection,
    comment_id: UUID,
    by: Reporter,
    report: Report,
    settled_by: UUID | None,
    *,
    receipt: bytes,
    sealed_words: bytes | None,
    replaces: bool,
) -> None:
    """Store ``report``; with ``replaces`` it overwrites the reader's earlier one."""
    row = {**report._asdict(), "by_address": by.by_address, "settled_by": settled_by}
    row |= {"receipt": receipt, "sealed_words": sealed_words}
    if not replaces:
        await insert_many(
            connection, ReportRow, [{"comment_id": comment_id, "reporter_fingerprint": by.fingerprint, **row}]
        )
        return
    own = (ReportRow.comment_id == comment_id, ReportRow.reporter_fingerprint == by.fingerprint)
    await connection.execute(update(ReportRow).where(*own).values(row))


async def reopen_reports(connection: AsyncConnection, decisions: Collection[UUID]) -> dict[UUID, int]:
    """Reopen the reports that ``decisions`` settled; return the number by comment."""
    if not decisions:
        return {}
    dialect = connection.dialect.name
    given = row_parameters(dialect, [(decision,) for decision in decisions])
    counted = {row.comment_id: row.reports for row in await connection.execute(_count_settled(dialect), given)}
    reopen = update(ReportRow).where(any_of(dialect, ReportRow.settled_by)).values(settled_by=None)
    await connection.execute(reopen, given)
    return counted


@lru_cache
def _count_settled(dialect: str) -> Select[*tuple[Any, ...]]:
    counted = select(ReportRow.comment_id, func.count().label("reports"))
    return counted.where(any_of(dialect, ReportRow.settled_by)).group_by(ReportRow.comment_id)


async def prune_reporter_fingerprints(connection: AsyncConnection, *, before: datetime) -> None:
    """Prune address fingerprints of reports filed up to ``before``: random numbers replace them."""
    due = select(ReportRow.comment_id, ReportRow.reporter_fingerprint).where(
        ReportRow.by_address, ReportRow.created_at <= before
    )
    rows = [
        {
            "of_comment": row.comment_id,
            "old_fingerprint": row.reporter_fingerprint,
            "fingerprint": secrets.randbits(63),
            "as_address": False,
        }
        for row in await connection.execute(due.limit(BATCH))
    ]
    await run_many(connection, _REPLACE_FINGERPRINT, rows)


_REPLACE_FINGERPRINT = (
    update(ReportRow)
    .where(
        ReportRow.comment_id == bindparam("of_comment"), ReportRow.reporter_fingerprint == bindparam("old_fingerprint")
    )
    .values(reporter_fingerprint=bindparam("fingerprint"), by_address=bindparam("as_address"))
)


async def reported_by(connection: AsyncConnection, fingerprint: int) -> Sequence[UUID]:
    """Return at most :data:`BATCH` comments that the reporter with this ``fingerprint`` reported, in order.

    It reads the whole table: only erasures ask for it, and an index would cost every report.
    """
    row = ReportRow
    reported = select(row.comment_id).where(row.reporter_fingerprint == fingerprint).order_by(row.comment_id)
    return (await connection.scalars(reported.limit(BATCH))).all()


async def erase_reporter(connection: AsyncConnection, fingerprint: int, comment_ids: Collection[UUID]) -> None:
    """Erase the reporter from their reports on ``comment_ids``: note, contact and fingerprint. The reports stay."""
    reports = (ReportRow.comment_id == bindparam("of_comment"), ReportRow.reporter_fingerprint == fingerprint)
    erased: dict[str, Any] = {"note": None, "contact": None, "reporter_fingerprint": bindparam("fingerprint")}
    rows = [{"of_comment": each, "fingerprint": secrets.randbits(63)} for each in comment_ids]
    await run_many(connection, update(ReportRow).where(*reports).values(erased), rows)


async def prune_settled_reports(connection: AsyncConnection, *, now: datetime, contacts_before: datetime) -> None:
    """Prune the sealed words of reports whose decision can't be undone, and the contacts of old, settled reports."""
    decided = select(DecisionRow.id).where(
        DecisionRow.id == ReportRow.settled_by, DecisionRow.decided_at <= now - UNDO_WINDOW
    )
    sealed = update(ReportRow).where(ReportRow.sealed_words.is_not(None), decided.exists())
    await connection.execute(sealed.values(sealed_words=None))
    old = (ReportRow.contact.is_not(None), ReportRow.created_at <= contacts_before, ReportRow.settled_by.is_not(None))
    await connection.execute(update(ReportRow).where(*old).values(contact=None))


class StoredReport(NamedTuple):
    """A report for moderators: with its sealed words, and whether it is settled."""

    report: Report
    sealed_words: bytes | None
    is_settled: bool


async def read_reports(connection: AsyncConnection, comment_id: UUID, *, limit: int) -> list[StoredReport]:
    """Return the ``limit`` newest reports on a comment."""
    columns = (*COLUMNS, ReportRow.sealed_words, ReportRow.settled_by)
    statement = select(*columns).where(ReportRow.comment_id == comment_id).order_by(ReportRow.id.desc()).limit(limit)
    rows = await connection.execute(statement)
    return [StoredReport(Report(*row[:-2]), row[-2], row[-1] is not None) for row in rows]
