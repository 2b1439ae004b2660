"""Readers complain about a comment; past the site's number it is looked at again, or hidden until it has been."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service import clock
from service.comments.finding import lock_comment, no_comment
from service.comments.model import Comment, CommentRow, State
from service.comments.noting import add_finding
from service.comments.states import Change, change_states
from service.comments.wire import told_comment
from service.events.appending import append_events
from service.events.catalogue import EventType, NewEvent
from service.moderation.model import ReportRow
from service.readers.bans import Banned, longest_ban, read_bans
from service.screening.findings import Finding, Rule
from service.sites.finding import Site
from service.storage.portable import any_of, insert_many, rows_given
from service.threads.closing import settle_closings
from service.threads.counting import write_counts
from service.threads.finding import visible
from service.threads.model import Thread
from service.threads.telling import tell

Reason = Literal["spam", "abuse", "off-topic", "illegal", "personal", "other"]


class Report(NamedTuple):
    """What a reader has against a comment."""

    id: UUID
    reason: Reason
    note: str | None
    created_at: datetime


COLUMNS = tuple(getattr(ReportRow, name) for name in Report._fields)


async def file_report(
    connection: AsyncConnection,
    site: Site,
    comment_id: UUID,
    *,
    reporter_mark: int,
    marks: list[int],
    reason: Reason,
    note: str | None,
) -> tuple[Report, bool]:
    """Report a comment, and whether that is new: each reader reports the same words once.

    ``reporter_mark`` is who reports, ``marks`` are those by which they could be banned. Words that a moderator has
    judged are not put before one again. Raises NotFound where readers do not see the comment, or Banned.
    """
    comment, thread = await lock_comment(connection, site, comment_id)
    now = clock.now()
    visible(thread, to_staff=False, now=now)
    if comment.state is not State.PUBLISHED:
        raise no_comment()
    if ban := longest_ban(await read_bans(connection, {(site.id, mark) for mark in marks}), site.id, marks, now):
        raise Banned(ban)
    known = await _read_own(connection, comment_id, reporter_mark)
    if known and known.created_at >= (comment.edited_at or comment.created_at):
        return known, False
    report = Report(clock.new_id(), reason, note, now)
    await _write(connection, comment_id, reporter_mark, report, again=known is not None)
    events = await settle_closings(connection, [thread], {site.id: site}, now=now)
    _note(comment, thread, site, report, events)
    await _keep_or_hide(connection, Change(thread, site, comment, State.PENDING, EventType.COMMENT_HELD), events)
    return report, True


def _note(comment: Comment, thread: Thread, site: Site, report: Report, events: list[NewEvent]) -> None:
    """Count ``report`` unless a moderator has looked already, and tell it."""
    if comment.reports is not None:
        comment.reports += 1
    told = {"id": report.id, "reason": report.reason, "note": report.note}
    data = {"comment": told_comment(comment), "report": told}
    events.append(tell(thread, site, EventType.REPORT_FILED, occurred_at=report.created_at, **data))


async def _keep_or_hide(connection: AsyncConnection, hide: Change, events: list[NewEvent]) -> None:
    """Write the count of a reported comment, and ``hide`` it where that is enough for the site."""
    comment, rules, now = hide.comment, hide.site.rules, events[-1].occurred_at
    count = comment.reports or 0
    if rules.reported == "hide" and count >= rules.reports_needed:
        await add_finding(connection, comment.id, Finding(Rule.REPORTED, "pending", str(count)))
        await change_states(connection, [hide], now=now, told_before=events)
        return
    await connection.execute(update(CommentRow).where(CommentRow.id == comment.id).values(reports=comment.reports))
    await write_counts(connection, [hide.thread], now=now)
    await append_events(connection, events)


async def _read_own(connection: AsyncConnection, comment_id: UUID, reporter_mark: int) -> Report | None:
    own = (ReportRow.comment_id == comment_id, ReportRow.reporter_mark == reporter_mark)
    row = (await connection.execute(select(*COLUMNS).where(*own))).one_or_none()
    return Report(*row) if row else None


async def _write(
    connection: AsyncConnection, comment_id: UUID, reporter_mark: int, report: Report, *, again: bool
) -> None:
    row = {"comment_id": comment_id, "reporter_mark": reporter_mark, **report._asdict()}
    if not again:
        await insert_many(connection, ReportRow, [row])
        return
    own = (ReportRow.comment_id == comment_id, ReportRow.reporter_mark == reporter_mark)
    await connection.execute(update(ReportRow).where(*own).values(report._asdict()))


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
