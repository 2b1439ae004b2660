"""What waits for a moderator, or was kept from readers, a page at a time."""

from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, TextClause, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.comments.model import COLUMNS, Comment, CommentRow, FindingRow, State, comment_of
from service.comments.noting import read_findings
from service.screening.findings import Finding, Rule
from service.sites.finding import Site
from service.threads.model import ThreadRow

Queued = Literal["pending", "rejected", "spam", "deleted"]
Order = Literal["oldest", "newest"]
_NOT_PUBLISHED = text("comments.state <> 'published'")  # as the partial index says it


class InQueue(NamedTuple):
    """A comment, the article and title that it stands under, and what the rules found in it."""

    comment: Comment
    article: str
    title: str
    findings: list[Finding]


async def read_queue(
    connection: AsyncConnection,
    site: Site,
    *,
    state: Queued,
    article: str | None,
    rule: Rule | None,
    order: Order,
    after: UUID | None,
    limit: int,
) -> list[InQueue]:
    """The ``limit`` comments of ``site`` in ``state`` that follow ``after``; those without words are left out."""
    terms = [*_in_state(site, state), CommentRow.body != ""]
    if article is not None:
        terms.append(ThreadRow.article == article)
    if rule is not None:
        terms.append(exists().where(FindingRow.comment_id == CommentRow.id, FindingRow.rule == rule.value))
    if after is not None:
        terms.append(CommentRow.id > after if order == "oldest" else CommentRow.id < after)
    statement = (
        select(*COLUMNS, ThreadRow.article, ThreadRow.title)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(*terms)
        .order_by(CommentRow.id if order == "oldest" else CommentRow.id.desc())
        .limit(limit)
    )
    rows = (await connection.execute(statement)).all()
    comments = [comment_of(row[:-2]) for row in rows]
    findings = await read_findings(connection, [comment.id for comment in comments])
    return [
        InQueue(comment, row[-2], row[-1], findings[comment.id]) for comment, row in zip(comments, rows, strict=True)
    ]


async def count_pending(connection: AsyncConnection, site: Site) -> int:
    """How many comments of ``site`` wait for a moderator."""
    counted = select(func.count()).select_from(CommentRow).join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
    found: int = (await connection.execute(counted.where(*_in_state(site, "pending")))).scalar_one()
    return found


def _in_state(site: Site, state: Queued) -> list[ColumnElement[bool] | TextClause]:
    # The state stands in the statement's text: a plan for any state would be one for what is published, a million.
    in_state = text(f"comments.state = '{State(state).value}'")
    return [ThreadRow.site_id == site.id, in_state, _NOT_PUBLISHED]
