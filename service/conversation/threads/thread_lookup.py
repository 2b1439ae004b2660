"""Look up threads by article id or URL.

A former id of an article finds the same thread (``move_article.py``). Former ids are checked only if no article has the
id now.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from service.conversation.threads.equivalent_urls import equivalent_urls
from service.conversation.threads.model import COLUMNS, ArticleAliasRow, Thread, ThreadRow, UrlAliasRow, thread_of
from service.platform.problems import NotFound, Translated
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters

URLS_AT_ONCE = 20


def _matches_any_id(site_id: ColumnElement[int], article: ColumnElement[str]) -> ColumnElement[bool]:
    row, alias = aliased(ThreadRow), ArticleAliasRow
    current = select(row.id).where(row.site_id == site_id, row.article == article)
    former = select(alias.thread_id).where(alias.site_id == site_id, alias.article == article)
    return ThreadRow.id == func.coalesce(current.scalar_subquery(), former.scalar_subquery())


async def find_thread(connection: AsyncConnection, site_id: int, article: str) -> Thread:
    """Return the thread of an article; raises :class:`NotFound`."""
    given = {"site": site_id, "article": article}
    row = (await connection.execute(_BY_ARTICLE, given)).one_or_none()
    row = row or (await connection.execute(_BY_ANY_ID, given)).one_or_none()
    if row is None:
        raise no_thread()
    return thread_of(row)


_BY_ARTICLE = select(*COLUMNS).where(ThreadRow.site_id == bindparam("site"), ThreadRow.article == bindparam("article"))
# One statement, so an id is found even while it becomes a former one, or the current one again.
_BY_ANY_ID = select(*COLUMNS).where(_matches_any_id(bindparam("site"), bindparam("article")))


async def find_section(connection: AsyncConnection, site_id: int, article: str) -> str | None:
    """Return the section of an article; None if it has none or is not registered."""
    section: str | None = await connection.scalar(_SECTION, {"site": site_id, "article": article})
    return section


_SECTION = select(ThreadRow.section).where(_matches_any_id(bindparam("site"), bindparam("article")))


async def find_threads_by_urls(
    connection: AsyncConnection, site: Site, urls: Collection[str], *, to_staff: bool, now: datetime
) -> dict[str, Thread]:
    """Find the threads of articles by canonical URLs; missing ones are left out. Each 20 take one query, or two.

    For each URL it is the newest thread that the caller may see and whose article has the URL now. If none has it, it
    is the thread whose article had it last. A form that the site treats alike (``equivalent_urls.py``) comes after the
    URL itself.
    """
    found: dict[str, Thread] = {}
    wanted = sorted(urls)
    for first in range(0, len(wanted), URLS_AT_ONCE):
        forms = {}
        for url in wanted[first : first + URLS_AT_ONCE]:
            forms[url] = equivalent_urls(url, site.settings)
            await asyncio.sleep(0)  # a long URL takes a millisecond
        found |= await _find_forms(connection, site, forms, to_staff=to_staff, now=now)
    return found


async def _find_forms(
    connection: AsyncConnection, site: Site, forms: dict[str, list[str]], *, to_staff: bool, now: datetime
) -> dict[str, Thread]:
    found: dict[str, Thread] = {}
    dialect = connection.dialect.name
    for statement in (_by_url(dialect, to_staff, now), _by_former_url(dialect, to_staff, now)):
        missing = sorted({form for url in forms.keys() - found.keys() for form in forms[url]})
        if not missing:
            break
        rows = await connection.execute(statement, row_parameters(dialect, [(site.id, form) for form in missing]))
        by_form = {row[0]: Thread(*row[1:]) for row in rows}
        for url in forms.keys() - found.keys():
            if form := next((form for form in forms[url] if form in by_form), None):
                found[url] = by_form[form]
    return found


def _by_url(dialect: str, to_staff: bool, now: datetime) -> Select[*tuple[Any, ...]]:
    newest = select(func.max(ThreadRow.id)).where(any_of(dialect, ThreadRow.site_id, ThreadRow.url))
    newest = newest if to_staff else newest.where(is_public(now))
    return select(ThreadRow.url.label("form"), *COLUMNS).where(
        ThreadRow.id.in_(newest.group_by(ThreadRow.url).correlate(None))
    )


def _by_former_url(dialect: str, to_staff: bool, now: datetime) -> Select[*tuple[Any, ...]]:
    former = select(UrlAliasRow.url.label("form"), *COLUMNS).join(ThreadRow, ThreadRow.id == UrlAliasRow.thread_id)
    former = former.where(any_of(dialect, UrlAliasRow.site_id, UrlAliasRow.url))
    return former if to_staff else former.where(is_public(now))


def is_public(now: datetime) -> ColumnElement[bool]:
    """``Thread.is_hidden``, negated, as SQL."""
    return and_(ThreadRow.withdrawn_at.is_(None), or_(ThreadRow.published_at.is_(None), ThreadRow.published_at <= now))


def require_visible(thread: Thread, *, to_staff: bool, now: datetime) -> Thread:
    """Return ``thread`` if the caller may see it; raises :class:`NotFound` for readers if it is hidden."""
    if thread.is_hidden(now) and not to_staff:
        raise no_thread()
    return thread


async def ids_of_threads(connection: AsyncConnection, articles: list[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return the thread ids of ``articles``, pairs of site and a current or former article id.

    ``articles`` must not be empty; missing threads are left out.
    """
    dialect = connection.dialect.name
    rows = (await connection.execute(_ids(dialect), row_parameters(dialect, articles))).all()
    return {(site_id, article): id_ for site_id, article, id_, _ in sorted(rows, key=lambda row: row.rank)}


@lru_cache
def _ids(dialect: str) -> Select[*tuple[Any, ...]]:
    """Former ids come first, so that in a mapping the current ones overwrite them."""
    row, alias = ThreadRow, ArticleAliasRow
    current = select(row.site_id, row.article, row.id, literal(1).label("rank"))
    former = select(alias.site_id, alias.article, alias.thread_id, literal(0))
    both = current.where(any_of(dialect, row.site_id, row.article)).union_all(
        former.where(any_of(dialect, alias.site_id, alias.article))
    )
    return select(both.subquery())


def of_site(dialect: str, site: Site) -> ColumnElement[bool]:
    """Return the condition that a thread is of ``site``, for few of its comments: a page, or those in the queue.

    SQLite would read all comments of the site, with their texts, thread by thread. The plus prevents it from using the
    index of sites (“The SQLite Query Optimizer Overview”, section 2), so it finds the comments first, and for a page
    reads them in order until it is full.
    """
    site_id = ThreadRow.site_id if dialect == "postgresql" else _WITHOUT_INDEX
    return site_id == site.id


_WITHOUT_INDEX: ColumnElement[int] = literal_column("+threads.site_id", ThreadRow.site_id.type)


def belongs_to_article(site: Site, article: str) -> ColumnElement[bool]:
    """Return the SQL condition that a thread belongs to ``article``, by current or former id."""
    return _matches_any_id(literal(site.id), literal(article))


def no_thread(**members: Any) -> NotFound:
    """The problem for an article that is not registered or hidden from readers; both look the same."""
    return NotFound(Translated("no-thread"), **members)
