"""A reader's history for moderators: how often they posted, their names, and the states of their comments."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import String, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow
from service.conversation.threads.model import ThreadRow
from service.platform.problems import NotFound
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site

MAX_NAMES = 10


class Reader(NamedTuple):
    """A reader's history: names, newest first, and the number of comments in each state."""

    id: UUID
    names: list[str]
    comments: dict[str, int]
    first_at: datetime
    last_at: datetime


async def get_reader_history(
    connection: AsyncConnection, site: Site, reader_id: UUID, *, sections: Sections = None
) -> Reader:
    """Return the history of a reader of ``site`` in ``sections``; raises NotFound if they never posted there.

    Counts and names are read in order of ids, which follow the time: SQLite stores ``created_at`` behind the texts, so
    that reading it from every comment would read all texts.
    """
    own = [CommentRow.reader_id == reader_id, ThreadRow.site_id == site.id]
    if sections is not None:
        own.append(ThreadRow.section.in_(sections))
    counted = (
        select(CommentRow.state, func.count())
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(*own)
        .group_by(CommentRow.state)
        .order_by(CommentRow.state)
    )
    comments: dict[str, int] = {row[0]: row[1] for row in await connection.execute(counted)}
    if not comments:
        raise NotFound
    named = (
        select(CommentRow.author_name)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(*own, CommentRow.author_name != "")
        .group_by(CommentRow.author_name)
        .order_by(func.max(cast(CommentRow.id, String)).desc())  # PostgreSQL before 18 has no max(uuid)
        .limit(MAX_NAMES)
    )
    names = [*(await connection.execute(named)).scalars()]
    times = select(CommentRow.created_at).join(ThreadRow, ThreadRow.id == CommentRow.thread_id).where(*own).limit(1)
    first = (await connection.execute(times.order_by(CommentRow.id))).scalar_one()
    last = (await connection.execute(times.order_by(CommentRow.id.desc()))).scalar_one()
    return Reader(reader_id, names, comments, first, last)
