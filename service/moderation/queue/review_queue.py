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
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from service.conversation.comments.comment_pages import MAX_PAGE_BYTES
from service.conversation.comments.comment_versions import size_of_versions
from service.conversation.comments.model import COLUMNS, Comment, CommentRow, FindingRow, State, comment_of
from service.conversation.screening.findings import Rule
from service.conversation.threads.model import ThreadRow
from service.conversation.threads.thread_lookup import belongs_to_article, of_site
from service.moderation.queue.model import ClaimRow
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters

QueueState = Literal["pending", "reported", "published", "rejected", "spam", "deleted", "any"]
Order = Literal["oldest", "newest"]
Conditions = list[ColumnElement[bool] | TextClause]
READ_FIRST, READ_AT_ONCE = 20, 30  # comments; few are read in vain when a page is full
EXCERPT = 500  # characters of a parent
# Worded as in the partial indexes.
_NOT_PUBLISHED = text("comments.state <> 'published'")
_HAS_REPORTS = text("comments.reports > 0")


class ParentExcerpt(NamedTuple):
    """The comment that a comment answers: its state, its author's name, and the start of its text."""

    id: UUID
    state: State
    author_name: str
    excerpt: str


class QueuedComment(NamedTuple):
    """A comment with its article and its parent.

    ``claim`` is the id of the key or moderator who claimed it, and the end of the claim.
    """

    comment: Comment
    article: str
    title: str
    section: str | None
    url: str | None
    parent: ParentExcerpt | None
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
    """Return the comments of ``site`` after ``after``; comments with erased text are left out unless reported.

    There are at most ``limit`` and :data:`MAX_PAGE_BYTES` of text (earlier versions and excerpts of parents included),
    but at least one if any matches. With
    ``criteria.unclaimed``, comments claimed by anyone but ``by`` are left out too.
    """
    matching = matching_ids(connection.dialect.name, site, criteria, now)
    if criteria.unclaimed:
        matching = matching.where(ClaimRow.claimed_by.is_(None) | (ClaimRow.claimed_by == by))
    if after is not None:
        matching = matching.where(CommentRow.id > after if criteria.order == "oldest" else CommentRow.id < after)
    ids = (await connection.scalars(matching.limit(limit + 1))).all()
    rows, has_more = await _read_rows(connection, ids, limit=limit, now=now)
    return QueuePart([_queued(row) for row in rows], has_more)


async def read_queued(connection: AsyncConnection, ids: Sequence[UUID], *, now: datetime) -> QueuePart:
    """Return the comments ``ids``, in any state, as :func:`read_queue` does."""
    rows, has_more = await _read_rows(connection, ids, limit=len(ids), now=now)
    return QueuePart([_queued(row) for row in rows], has_more)


def _queued(row: Row[*tuple[Any, ...]]) -> QueuedComment:
    return QueuedComment(
        comment=comment_of(row[: len(COLUMNS)]),
        article=row.article,
        title=row.title,
        section=row.section,
        url=row.url,
        parent=ParentExcerpt(row.parent_id, State(row.parent_state), row.parent_name, row.excerpt)
        if row.parent_state
        else None,
        claim=(row.claimed_by, row.until) if row.claimed_by else None,
    )


async def _read_rows(
    connection: AsyncConnection, ids: Sequence[UUID], *, limit: int, now: datetime
) -> tuple[list[Row[*tuple[Any, ...]]], bool]:
    """Return the rows of a page of the comments ``ids``, and whether more follow."""
    dialect, rows, size = connection.dialect.name, list[Row[*tuple[Any, ...]]](), 0
    for first in [0, *range(READ_FIRST, min(limit, len(ids)), READ_AT_ONCE)] if ids else ():
        some = ids[first : min(limit, first + READ_AT_ONCE if first else READ_FIRST)]
        given = {**row_parameters(dialect, [(each,) for each in some]), "now": now}
        found = {row.id: row for row in await connection.execute(_read(dialect), given)}
        for row in (found[each] for each in some if each in found):  # a text may have been erased meanwhile
            size += len(row.html.encode()) + len(row.body.encode()) + len((row.excerpt or "").encode())
            size += row.versions_size
            if rows and size > MAX_PAGE_BYTES:
                return rows, True
            rows.append(row)
    return rows, bool(rows) and len(ids) > limit


@lru_cache
def _read(dialect: str) -> Select[*tuple[Any, ...]]:
    parent = aliased(CommentRow)
    of_parent = (
        parent.state.label("parent_state"),
        parent.author_name.label("parent_name"),
        func.substr(parent.body, 1, EXCERPT).label("excerpt"),
    )
    of_thread = (ThreadRow.article, ThreadRow.title, ThreadRow.section, ThreadRow.url)
    versions = size_of_versions().label("versions_size")
    return (
        select(*COLUMNS, *of_thread, ClaimRow.claimed_by, ClaimRow.until, *of_parent, versions)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .outerjoin(ClaimRow, _claimed(bindparam("now", type_=ClaimRow.until.type)))
        .outerjoin(parent, parent.id == CommentRow.parent_id)
        .where(any_of(dialect, CommentRow.id), or_(CommentRow.body != "", CommentRow.reports > 0))
    )


def _claimed(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(ClaimRow.comment_id == CommentRow.id, ClaimRow.until > now)


def matching_ids(dialect: str, site: Site, criteria: QueueFilter, now: datetime) -> Select[UUID]:
    """Select the ids alone: a database that sorts or searches for them does so once a page, and without texts."""
    return (
        select(CommentRow.id)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .outerjoin(ClaimRow, _claimed(now))
        .where(
            of_site(dialect, site),
            *in_state(site, criteria.state),
            *_conditions(site, criteria),
            *([] if criteria.state == "reported" else [CommentRow.body != ""]),
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


class QueueCounts(NamedTuple):
    """The number of comments that are pending, and of those reported often enough for review."""

    pending: int
    reported: int


async def count_queued(connection: AsyncConnection, site: Site, sections: Sections) -> QueueCounts:
    """Count the comments of ``site`` in ``sections`` that await review, in one statement."""
    counted = select(func.count()).select_from(CommentRow).join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
    of_the_site = counted.where(of_site(connection.dialect.name, site))
    if sections is not None:
        of_the_site = of_the_site.where(ThreadRow.section.in_(sections))
    states: tuple[QueueState, QueueState] = ("pending", "reported")
    both = select(*(of_the_site.where(*in_state(site, state)).scalar_subquery() for state in states))
    return QueueCounts(*(await connection.execute(both)).one())


def in_state(site: Site, state: QueueState) -> Conditions:
    """Return the conditions of a comment in ``state``, as the partial indexes are worded."""
    # The state is part of the SQL text: one plan for all states would suit published comments, the vast majority.
    match state:
        case "any":
            return []
        case "reported":
            enough = and_(CommentRow.state == State.PUBLISHED, CommentRow.reports >= site.rules.report_threshold)
            # One that its author deleted has reports only while its sealed words wait for a decision.
            return [_HAS_REPORTS, or_(enough, and_(CommentRow.state == State.DELETED, CommentRow.body == ""))]
        case "published":
            return [text("comments.state = 'published'")]
        case _:
            return [text(f"comments.state = '{State(state).value}'"), _NOT_PUBLISHED]
