"""The reports of a comment, as they are kept: one a reader, open until a decision settles it."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.moderation.reports.model import ReportRow
from service.platform.events.model import DecisionRow
from service.platform.storage.portable import any_of, insert_many, rows_given, run_many

Reason = Literal["spam", "abuse", "off-topic", "illegal", "personal", "other"]


class Report(NamedTuple):
    """What a reader has against a comment."""

    id: UUID
    reason: Reason
    note: str | None
    created_at: datetime


COLUMNS = tuple(getattr(ReportRow, name) for name in Report._fields)


class Reporter(NamedTuple):
    """Who reports: the mark they are known by, whether that is their address, and all by which they could be banned."""

    mark: int
    by_address: bool
    marks: list[int]


class OwnReport(NamedTuple):
    """A report of somebody's own, and the decision that settled it, if any has."""

    report: Report
    settled_by: UUID | None


async def read_own(connection: AsyncConnection, comment_id: UUID, mark: int) -> OwnReport | None:
    """What the reporter with this ``mark`` has against a comment."""
    own = (ReportRow.comment_id == comment_id, ReportRow.reporter_mark == mark)
    row = (await connection.execute(select(*COLUMNS, ReportRow.settled_by).where(*own))).one_or_none()
    return OwnReport(Report(*row[:-1]), row[-1]) if row else None


async def last_decision(connection: AsyncConnection, comment_id: UUID) -> UUID | None:
    """The decision by which a comment stands as it does."""
    of_comment = select(DecisionRow.id).where(DecisionRow.comment_id == comment_id)
    return (await connection.execute(of_comment.order_by(DecisionRow.id.desc()).limit(1))).scalar_one_or_none()


async def write_report(
    connection: AsyncConnection,
    comment_id: UUID,
    by: Reporter,
    report: Report,
    settled_by: UUID | None,
    *,
    again: bool,
) -> None:
    """Keep ``report``, in the place of an earlier one of the same reader where they report ``again``."""
    row = {**report._asdict(), "by_address": by.by_address, "settled_by": settled_by}
    if not again:
        await insert_many(connection, ReportRow, [{"comment_id": comment_id, "reporter_mark": by.mark, **row}])
        return
    own = (ReportRow.comment_id == comment_id, ReportRow.reporter_mark == by.mark)
    await connection.execute(update(ReportRow).where(*own).values(row))


async def settle_reports(connection: AsyncConnection, decisions: Mapping[UUID, UUID]) -> None:
    """Have each of ``decisions``, by the comment it is on, settle what is open against it."""
    rows = [{"of_comment": comment, "by_decision": decision} for comment, decision in sorted(decisions.items())]
    await run_many(connection, _SETTLE, rows)


_SETTLE = (
    update(ReportRow)
    .where(ReportRow.comment_id == bindparam("of_comment"), ReportRow.settled_by.is_(None))
    .values(settled_by=bindparam("by_decision"))
)


async def reopen_reports(connection: AsyncConnection, decisions: Collection[UUID]) -> dict[UUID, int]:
    """Take back what ``decisions`` settled, or kept from being counted; how many are open then, by comment."""
    if not decisions:
        return {}
    dialect = connection.dialect.name
    given = rows_given(dialect, [(decision,) for decision in decisions])
    counted = {row.comment_id: row.reports for row in await connection.execute(_count_settled(dialect), given)}
    reopen = update(ReportRow).where(any_of(dialect, ReportRow.settled_by)).values(settled_by=None)
    await connection.execute(reopen, given)
    return counted


@lru_cache
def _count_settled(dialect: str) -> Select[*tuple[Any, ...]]:
    counted = select(ReportRow.comment_id, func.count().label("reports"))
    return counted.where(any_of(dialect, ReportRow.settled_by)).group_by(ReportRow.comment_id)


async def forget_reporters(connection: AsyncConnection, *, before: datetime) -> None:
    """Forget from which addresses comments were reported ``before`` a time, by marks that are nobody's."""
    due = select(ReportRow.comment_id, ReportRow.reporter_mark).where(
        ReportRow.by_address, ReportRow.created_at <= before
    )
    rows = [
        {"of_comment": row.comment_id, "known_by": row.reporter_mark, "mark": secrets.randbits(63), "as_address": False}
        for row in await connection.execute(due.limit(500))
    ]
    await run_many(connection, _FORGET, rows)


_FORGET = (
    update(ReportRow)
    .where(ReportRow.comment_id == bindparam("of_comment"), ReportRow.reporter_mark == bindparam("known_by"))
    .values(reporter_mark=bindparam("mark"), by_address=bindparam("as_address"))
)


async def read_reports(connection: AsyncConnection, comment_id: UUID, *, limit: int) -> list[Report]:
    """The ``limit`` newest reports of a comment."""
    statement = select(*COLUMNS).where(ReportRow.comment_id == comment_id).order_by(ReportRow.id.desc()).limit(limit)
    return [Report(*row) for row in await connection.execute(statement)]


async def count_reasons(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """How many reports there are of each of the comments ``ids``, by reason."""
    counted: dict[UUID, dict[str, int]] = {}
    if ids:
        dialect = connection.dialect.name
        for row in await connection.execute(_count_by_reason(dialect), rows_given(dialect, [(id_,) for id_ in ids])):
            counted.setdefault(row.comment_id, {})[row.reason] = row.reports
    return counted


@lru_cache
def _count_by_reason(dialect: str) -> Select[*tuple[Any, ...]]:
    counted = select(ReportRow.comment_id, ReportRow.reason, func.count().label("reports"))
    of_each = counted.where(any_of(dialect, ReportRow.comment_id))
    return of_each.group_by(ReportRow.comment_id, ReportRow.reason).order_by(ReportRow.reason)
