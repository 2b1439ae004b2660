"""The number of comments a day, by their state now."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow
from service.conversation.threads.model import ThreadRow
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site

MAX_COMMENTS = 20_000  # the newest, so that the largest sites take some 30 ms


async def count_by_day(
    connection: AsyncConnection, site: Site, sections: Sections, *, days: int, now: datetime
) -> dict[date, dict[str, int]]:
    """Return the counts by state of the last ``days`` in UTC, the newest first; days without comments have none.

    Only the newest :data:`MAX_COMMENTS` of the site are counted.
    """
    since = now - timedelta(days=days)
    newest = (
        select(func.date(CommentRow.created_at).label("day"), CommentRow.state)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(ThreadRow.site_id == site.id, CommentRow.created_at >= since)
        .order_by(CommentRow.id.desc())
        .limit(MAX_COMMENTS)
    )
    if sections is not None:
        newest = newest.where(ThreadRow.section.in_(sections))
    part = newest.subquery()
    counted = select(part.c.day, part.c.state, func.count()).group_by(part.c.day, part.c.state)
    found: defaultdict[date, dict[str, int]] = defaultdict(dict)
    for day, state, number in await connection.execute(counted):
        found[date.fromisoformat(str(day))][state] = number
    today = now.date()
    return {today - timedelta(days=ago): found[today - timedelta(days=ago)] for ago in range(days)}
