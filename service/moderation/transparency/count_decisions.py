"""Count the decisions, reports and appeals of a period from the decision log, in four statements.

A decision that was undone does not count, nor does its undo. Each statement reads one range of an index: the decisions
or reports of the period.
"""

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from service.conversation.comments.model import CommentRow, State
from service.conversation.readers.model import ReportRow
from service.conversation.threads.model import ThreadRow
from service.moderation.reports.receipts import Outcome, outcome_of
from service.moderation.reports.report_store import Reason
from service.moderation.transparency.wire import AppealCounts, DecisionCount, ReportCount, WaitingTimes
from service.platform.events.model import DecisionRow
from service.platform.events.record_decisions import PEOPLE
from service.platform.sites.site_lookup import Site

COUNTED_ACTIONS = ("publish", "hold", "reject", "spam", "delete", "restore")
ANSWERED: dict[str | None, str] = {None: "unanswered", State.PUBLISHED.value: "upheld"}


class Period(NamedTuple):
    """From ``since`` to before ``until``."""

    since: datetime
    until: datetime


async def count_decisions(connection: AsyncConnection, site: Site, period: Period) -> list[DecisionCount]:
    """Count the decisions on comments by action, reason, rule and section; authors' deletions are not decisions."""
    row = DecisionRow
    rule = case((row.by_kind == "rule", row.decided_by), else_=None).label("rule")
    groups = (row.action, row.reason, rule, ThreadRow.section)
    counted = (
        select(*groups, func.count())
        .select_from(row)
        .outerjoin(ThreadRow, ThreadRow.id == row.thread_id)
        .where(*_decided(site, period), row.by_kind != "author")
        .group_by(*groups)
    )
    counts = [DecisionCount(*each) for each in await connection.execute(counted)]
    return sorted(counts, key=lambda each: (each.action, each.reason or "", each.rule or "", each.section or ""))


async def count_reports(connection: AsyncConnection, site: Site, period: Period) -> list[ReportCount]:
    """Count the reports filed in the period by reason, section and outcome until now."""
    row, decision = ReportRow, DecisionRow
    groups = (row.reason, ThreadRow.section, decision.action, decision.after, decision.by_kind)
    counted = (
        select(*groups, func.count().label("reports"))
        .select_from(row)
        .join(CommentRow, CommentRow.id == row.comment_id)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .outerjoin(decision, decision.id == row.settled_by)
        .where(ThreadRow.site_id == site.id, row.created_at >= period.since, row.created_at < period.until)
        .group_by(*groups)
    )
    counts: Counter[tuple[Reason, Outcome, str | None]] = Counter()
    for each in await connection.execute(counted):
        counts[each.reason, outcome_of(each.action, each.after, each.by_kind), each.section] += each.reports
    found = [ReportCount(*key, count) for key, count in counts.items()]
    return sorted(found, key=lambda each: (each.reason, each.outcome, each.section or ""))


async def count_appeals(connection: AsyncConnection, site: Site, period: Period) -> AppealCounts:
    """Count the appeals filed in the period by the first decision of a person after each, until now."""
    row, answer = DecisionRow, aliased(DecisionRow)
    answers = (
        select(answer.after)
        .where(answer.comment_id == row.comment_id, answer.id > row.id, answer.by_kind.in_(PEOPLE))
        .where(answer.action.in_(COUNTED_ACTIONS), ~_is_undone(answer))
        .order_by(answer.id)
        .limit(1)
        .scalar_subquery()
    )
    appeals = select(answers.label("after")).where(*_in(site, period), row.action == "appeal").subquery()
    counted = select(appeals.c.after, func.count()).group_by(appeals.c.after)
    counts: Counter[str] = Counter()
    for after, count in await connection.execute(counted):
        counts[ANSWERED.get(after, "dismissed")] += count
    return AppealCounts(counts.total(), counts["upheld"], counts["dismissed"], counts["unanswered"])


async def measure_waiting(connection: AsyncConnection, site: Site, period: Period) -> WaitingTimes:
    """Return the median and p90 of the waiting times, by nearest rank: each is the time of one decision."""
    row = DecisionRow
    number = func.row_number().over(order_by=row.waited_ms).label("number")
    total = func.count().over().label("total")
    waited = select(row.waited_ms, number, total).where(*_decided(site, period), row.waited_ms.is_not(None)).subquery()
    median, p90 = (waited.c.total + 1) // 2, (waited.c.total * 9 + 9) // 10
    ranks = select(waited.c.waited_ms, waited.c.number == median, waited.c.number == p90, waited.c.total)
    found = (await connection.execute(ranks.where(waited.c.number.in_((median, p90))))).all()
    if not found:
        return WaitingTimes(0, None, None)
    at_median = next(each[0] for each in found if each[1])
    at_p90 = next(each[0] for each in found if each[2])
    return WaitingTimes(found[0].total, at_median / 1000, at_p90 / 1000)


def _in(site: Site, period: Period) -> tuple[ColumnElement[bool], ...]:
    row = DecisionRow
    return row.site_id == site.id, row.decided_at >= period.since, row.decided_at < period.until


def _decided(site: Site, period: Period) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a decision on a comment in the period that was not undone."""
    row = DecisionRow
    return *_in(site, period), row.comment_id.is_not(None), row.action.in_(COUNTED_ACTIONS), ~_is_undone(row)


def _is_undone(decision: Any) -> ColumnElement[bool]:
    """Whether the next change of the comment was an undo: a decision raises the revision by one."""
    undo = aliased(DecisionRow)
    follows = and_(undo.comment_id == decision.comment_id, undo.revision == decision.revision + 1)
    return exists().where(follows, undo.action == "undo", undo.id > decision.id, decision.by_kind != "rule")
