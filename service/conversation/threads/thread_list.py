"""List threads, and find the threads of many articles at once."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Select, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.closed_condition import is_closed_in_sql
from service.conversation.threads.model import COLUMNS, ArticleAliasRow, Thread, ThreadRow, thread_of
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters


async def list_threads(
    connection: AsyncConnection,
    site: Site,
    *,
    state: Literal["open", "closed"] | None,
    sections: Sections,
    changed_since: datetime | None,
    after: int,
    limit: int,
    now: datetime,
) -> list[Thread]:
    """Return the ``limit`` threads after id ``after``, in order of registration."""
    statement = select(*COLUMNS).where(ThreadRow.site_id == site.id, ThreadRow.id > after)
    if state:
        closed = is_closed_in_sql(site, now)
        statement = statement.where(closed if state == "closed" else not_(closed))
    if sections is not None:
        statement = statement.where(ThreadRow.section.in_(sections))
    if changed_since:
        statement = statement.where(ThreadRow.changed_at >= changed_since)
    rows = await connection.execute(statement.order_by(ThreadRow.id).limit(limit))
    return [thread_of(row) for row in rows]


async def newest_in_section(connection: AsyncConnection, site: Site, section: str, *, limit: int) -> list[Thread]:
    """Return the ``limit`` threads of a section that were registered last, the newest first; not withdrawn ones."""
    in_section = (ThreadRow.site_id == site.id, ThreadRow.section == section, ThreadRow.withdrawn_at.is_(None))
    rows = await connection.execute(select(*COLUMNS).where(*in_section).order_by(ThreadRow.id.desc()).limit(limit))
    return [thread_of(row) for row in rows]


async def find_threads(connection: AsyncConnection, site: Site, articles: Sequence[str]) -> dict[str, Thread]:
    """Find the threads of ``articles`` in one query, by the ids requested; missing ones are left out.

    If some are missing, a second query looks them up as former ids.
    """
    dialect = connection.dialect.name
    keys = sorted({(site.id, article) for article in articles})
    rows = await connection.execute(_find_by_article(dialect), row_parameters(dialect, keys))
    found = {thread.article: thread for thread in map(thread_of, rows)}
    if missing := [key for key in keys if key[1] not in found]:
        rows = await connection.execute(_find_by_alias(dialect), row_parameters(dialect, missing))
        found |= {row[0]: Thread(*row[1:]) for row in rows}
    return found


@lru_cache
def _find_by_article(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*COLUMNS).where(any_of(dialect, ThreadRow.site_id, ThreadRow.article))


@lru_cache
def _find_by_alias(dialect: str) -> Select[*tuple[Any, ...]]:
    alias = ArticleAliasRow
    former = select(alias.article.label("requested"), *COLUMNS).join(ThreadRow, ThreadRow.id == alias.thread_id)
    return former.where(any_of(dialect, alias.site_id, alias.article))
