"""The exact number of comments in each list of the review queue."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow, FindingRow
from service.conversation.screening.findings import Rule
from service.conversation.threads.model import ThreadRow
from service.moderation.queue.review_queue import QueueFilter, QueueState, count_queued, in_state, matching_ids
from service.platform import clock
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site


class WaitingCounts(NamedTuple):
    """The number of comments that await a decision: pending, reported, and pending after an appeal."""

    pending: int
    reported: int
    appeals: int


async def count_waiting(connection: AsyncConnection, site: Site, sections: Sections) -> WaitingCounts:
    """Count the comments that await a decision, in two statements."""
    counts = await count_queued(connection, site, sections)
    appealed = exists().where(FindingRow.comment_id == CommentRow.id, FindingRow.rule == Rule.APPEAL.value)
    counted = _comments(site, sections).where(*in_state(site, "pending"), appealed)
    return WaitingCounts(counts.pending, counts.reported, (await connection.execute(counted)).scalar_one())


class DecidedCounts(NamedTuple):
    """The number of comments in the states that follow from decisions, and of all comments with a text."""

    published: int
    rejected: int
    spam: int
    any: int


async def count_decided(connection: AsyncConnection, site: Site, sections: Sections) -> DecidedCounts:
    """Count the comments by state, in one statement.

    The published ones are the sum of the threads' own counts, which are exact (promise 1).
    """
    published = select(func.coalesce(func.sum(ThreadRow.reply_count), 0)).where(*_in_sections(site, sections))
    states: tuple[QueueState, ...] = ("rejected", "spam", "pending", "deleted")
    others = [_comments(site, sections).where(*in_state(site, state), CommentRow.body != "") for state in states]
    counted = select(published.scalar_subquery(), *(each.scalar_subquery() for each in others))
    counts = [int(each) for each in (await connection.execute(counted)).one()]
    return DecidedCounts(counts[0], counts[1], counts[2], sum(counts))


async def count_newer(connection: AsyncConnection, site: Site, criteria: QueueFilter, *, limit: int) -> int:
    """Count the comments that match ``criteria``, up to ``limit``."""
    some = matching_ids(connection.dialect.name, site, criteria, clock.now()).limit(limit).subquery()
    return (await connection.execute(select(func.count()).select_from(some))).scalar_one()


def _comments(site: Site, sections: Sections) -> Select[int]:
    counted = select(func.count()).select_from(CommentRow).join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
    return counted.where(*_in_sections(site, sections))


def _in_sections(site: Site, sections: Sections) -> list[ColumnElement[bool]]:
    of_sections = [] if sections is None else [ThreadRow.section.in_(sections)]
    return [ThreadRow.site_id == site.id, *of_sections]
