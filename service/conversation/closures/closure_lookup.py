"""Find closures, and the threads that one would close."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.closures.model import COLUMNS, Closure, ClosureRow, closure_of
from service.conversation.comments.model import CommentRow, State
from service.conversation.threads.closed_condition import is_closed_itself_in_sql
from service.conversation.threads.model import ThreadRow
from service.platform import clock
from service.platform.problems import NotFound
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site


class ThreadFilter(msgspec.Struct, frozen=True):
    """A filter on open threads: articles of a section or published before a time, no comment published since a time."""

    section: str | None = None
    published_before: datetime | None = None
    quiet_since: datetime | None = None

    @property
    def is_whole_site(self) -> bool:
        """Whether it matches the whole site, including threads to come."""
        return self == ThreadFilter()


async def find_closure(connection: AsyncConnection, site_id: int, closure_id: UUID | None) -> Closure:
    """Find a closure of the site; raises :class:`NotFound`."""
    statement = select(*COLUMNS).where(ClosureRow.site_id == site_id, ClosureRow.id == closure_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("The site has no such closure." if closure_id else "The site is not closed.")
    return closure_of(row)


async def list_closures(
    connection: AsyncConnection, site: Site, *, sections: Sections, before: UUID | None, limit: int
) -> list[Closure]:
    """Return the ``limit`` newest closures of ``site`` older than ``before``; with ``sections``, only theirs."""
    statement = select(*COLUMNS).where(ClosureRow.site_id == site.id)
    if sections is not None:
        statement = statement.where(ClosureRow.section.in_(sections))
    if before is not None:
        statement = statement.where(ClosureRow.id < before)
    return [closure_of(row) for row in await connection.execute(statement.order_by(ClosureRow.id.desc()).limit(limit))]


async def list_in_force(connection: AsyncConnection, site: Site, *, sections: Sections, limit: int) -> list[Closure]:
    """Return the ``limit`` newest closures of ``site`` that nobody has undone and that have not ended."""
    lasts = or_(ClosureRow.until.is_(None), ClosureRow.until > clock.now())
    statement = select(*COLUMNS).where(ClosureRow.site_id == site.id, ClosureRow.reopened_at.is_(None), lasts)
    if sections is not None:
        statement = statement.where(ClosureRow.section.in_(sections))
    return [closure_of(row) for row in await connection.execute(statement.order_by(ClosureRow.id.desc()).limit(limit))]


async def count_open(connection: AsyncConnection, site: Site, criteria: ThreadFilter, *, now: datetime) -> int:
    """Count the open threads of ``site`` that match the filter."""
    statement = select(func.count()).select_from(ThreadRow).where(ThreadRow.site_id == site.id)
    return await connection.scalar(statement.where(*is_open_and_matches(site, criteria, now=now))) or 0


async def ids_of_open(connection: AsyncConnection, site: Site, criteria: ThreadFilter, *, now: datetime) -> list[int]:
    """Return the ids of the open threads of ``site`` that match the filter, in order."""
    statement = select(ThreadRow.id).where(ThreadRow.site_id == site.id)
    matching = statement.where(*is_open_and_matches(site, criteria, now=now))
    return list(await connection.scalars(matching.order_by(ThreadRow.id)))


def is_open_and_matches(site: Site, criteria: ThreadFilter, *, now: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions that a thread is open itself and matches the filter."""
    conditions = [not_(is_closed_itself_in_sql(site, now))]
    if criteria.section is not None:
        conditions.append(ThreadRow.section == criteria.section)
    if criteria.published_before is not None:
        conditions.append(ThreadRow.published_at < criteria.published_before)
    if criteria.quiet_since is not None:
        comments = (CommentRow.thread_id == ThreadRow.id, CommentRow.state == State.PUBLISHED)
        newer = exists().where(*comments, CommentRow.created_at >= criteria.quiet_since)
        # Every comment changes its thread, so most quiet threads need no look at their comments.
        conditions.append(or_(ThreadRow.changed_at < criteria.quiet_since, not_(newer)))
    return conditions
