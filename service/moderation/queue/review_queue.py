"""The review queue: pending, reported or unpublished comments, a page at a time."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    TextClause,
    and_,
    bindparam,
    exists,
    func,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_pages import MAX_PAGE_BYTES
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.model import COLUMNS, Comment, CommentRow, FindingRow, State, comment_of
from service.conversation.screening.findings import Finding, Rule
from service.conversation.threads.model import ThreadRow
from service.conversation.threads.thread_lookup import belongs_to_article, of_site
from service.moderation.queue.model import ClaimRow
from service.moderation.reports.report_store import count_reasons
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters

QueueState = Literal["pending", "reported", "published", "rejected", "spam", "deleted", "any"]
Order = Literal["oldest", "newest"]
Conditions = list[ColumnElement[bool] | TextClause]
READ_AT_ONCE = 20  # comments; few are read in vain when a page is full
# Worded as in the partial indexes.
_NOT_PUBLISHED = text("comments.state <> 'published'")
_HAS_REPORTS = text("comments.reports > 0")


class QueuedComment(NamedTuple):
    """A comment with its article, title and section, its findings, and the number of reports by reason.

    ``claim`` is the id of the key or moderator who claimed it, and the end of the claim.
    """

    comment: Comment
    article: str
    title: str
    section: str | None
    findings: list[Finding]
    reports: dict[str, int]
    claim: tuple[str, datetime] | None


class QueuePart(NamedTuple):
    """Comments of the queue, and whether more follow."""

    comments: list[QueuedComment]
    has_more: bool


class QueueFilter(msgspec.Struct, kw_only=True, frozen=True):
    """A filter on comments; None matches all. ``words`` is the SQL condition of a search."""

    state: QueueState = "pending"
    article: str | None = None
    sections: Sections = None
    rule: Rule | None = None
    reader: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: ColumnElement[bool] | None = None
    unclaimed: bool = False
    order: Order = "oldest"


async def read_queue(
    connection: AsyncConnection,
    site: Site,
    criteria: QueueFilter,
    *,
    by: str | None,
    after: UUID | None,
    limit: int,
    now: datetime,
) -> QueuePart:
    """Return the comments of ``site`` after ``after``; comments with erased text are left out.

    There are at most ``limit`` and :data:`MAX_PAGE_BYTES` of text, but at least one if any matches. With
    ``criteria.unclaimed``, comments claimed by anyone but ``by`` are left out too.
    """
    matching = _matching(connection.dialect.name, site, criteria, now)
    if criteria.unclaimed:
        matching = matching.where(ClaimRow.claimed_by.is_(None) | (ClaimRow.claimed_by == by))
    if after is not None:
        matching = matching.where(CommentRow.id > after if criteria.order == "oldest" else CommentRow.id < after)
    ids = (await connection.scalars(matching.limit(limit + 1))).all()
    rows, has_more = await _read_rows(connection, ids, limit=limit, now=now)
    comments = [comment_of(row[:-5]) for row in rows]
    shown = [comment.id for comment in comments]
    findings, reasons = await read_findings(connection, shown), await count_reasons(connection, shown)
    queued = [
        QueuedComment(
            comment=comment,
            article=row.article,
            title=row.title,
            section=row.section,
            findings=findings[comment.id],
            reports=reasons.get(comment.id, {}),
            claim=(row.claimed_by, row.until) if row.claimed_by else None,
        )
        for comment, row in zip(comments, rows, strict=True)
    ]
    return QueuePart(queued, has_more)


async def _read_rows(
    connection: AsyncConnection, ids: Sequence[UUID], *, limit: int, now: datetime
) -> tuple[list[Row[*tuple[Any, ...]]], bool]:
    """Return the rows of a page of the comments ``ids``, and whether more follow."""
    dialect, rows, size = connection.dialect.name, list[Row[*tuple[Any, ...]]](), 0
    for first in range(0, min(limit, len(ids)), READ_AT_ONCE):
        some = ids[first : min(limit, first + READ_AT_ONCE)]
        given = {**row_parameters(dialect, [(each,) for each in some]), "now": now}
        found = {row.id: row for row in await connection.execute(_read(dialect), given)}
        for row in (found[each] for each in some if each in found):  # a text may have been erased meanwhile
            size += len(row.html.encode()) + len(row.body.encode())
            if rows and size > MAX_PAGE_BYTES:
                return rows, True
            rows.append(row)
    return rows, bool(rows) and len(ids) > limit


@lru_cache
def _read(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(*COLUMNS, ThreadRow.article, ThreadRow.title, ThreadRow.section, ClaimRow.claimed_by, ClaimRow.until)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .outerjoin(ClaimRow, _claimed(bindparam("now", type_=ClaimRow.until.type)))
        .where(any_of(dialect, CommentRow.id), CommentRow.body != "")
    )


def _claimed(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(ClaimRow.comment_id == CommentRow.id, ClaimRow.until > now)


def _matching(dialect: str, site: Site, criteria: QueueFilter, now: datetime) -> Select[UUID]:
    """Select the ids alone: a database that sorts or searches for them does so once a page, and without texts."""
    return (
        select(CommentRow.id)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .outerjoin(ClaimRow, _claimed(now))
        .where(
            of_site(dialect, site),
            *_in_state(site, criteria.state),
            *_conditions(site, criteria),
            CommentRow.body != "",
        )
        .order_by(CommentRow.id if criteria.order == "oldest" else CommentRow.id.desc())
    )


def _conditions(site: Site, criteria: QueueFilter) -> Conditions:
    conditions: Conditions = []
    if criteria.article is not None:
        conditions.append(belongs_to_article(site, criteria.article))
    if criteria.sections is not None:
        conditions.append(ThreadRow.section.in_(criteria.sections))
    if criteria.rule is not None:
        conditions.append(
            exists().where(FindingRow.comment_id == CommentRow.id, FindingRow.rule == criteria.rule.value)
        )
    if criteria.reader is not None:
        conditions.append(CommentRow.reader_id == criteria.reader)
    if criteria.since is not None:
        conditions.append(CommentRow.created_at >= criteria.since)
    if criteria.until is not None:
        conditions.append(CommentRow.created_at < criteria.until)
    if criteria.words is not None:
        conditions.append(criteria.words)
    return conditions


async def count_queued(connection: AsyncConnection, site: Site, state: Literal["pending", "reported"]) -> int:
    """Count the comments of ``site`` that are pending, or reported often enough for review."""
    counted = select(func.count()).select_from(CommentRow).join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
    in_state = counted.where(ThreadRow.site_id == site.id, *_in_state(site, state))
    found: int = (await connection.execute(in_state)).scalar_one()
    return found


def _in_state(site: Site, state: QueueState) -> Conditions:
    # The state is part of the SQL text: one plan for all states would suit published comments, the vast majority.
    match state:
        case "any":
            return []
        case "reported":
            enough = CommentRow.reports >= site.rules.report_threshold
            return [text("comments.state = 'published'"), _HAS_REPORTS, enough]
        case "published":
            return [text("comments.state = 'published'")]
        case _:
            return [text(f"comments.state = '{State(state).value}'"), _NOT_PUBLISHED]
