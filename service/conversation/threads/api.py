"""HTTP endpoints for threads: register, get, list, close, reopen, count."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from service.conversation.threads.close_thread import close_thread, reopen_thread
from service.conversation.threads.lock_threads import lock_thread
from service.conversation.threads.model import Thread
from service.conversation.threads.register_article import register_thread
from service.conversation.threads.set_mode import set_mode
from service.conversation.threads.thread_list import find_threads, list_threads, newest_in_section
from service.conversation.threads.thread_lookup import find_thread, find_thread_by_url, no_thread, require_visible
from service.conversation.threads.thread_policy import next_change
from service.conversation.threads.wire import (
    CloseIn,
    Counts,
    CountsIn,
    ModeIn,
    ReopenIn,
    SectionQuery,
    ThreadByUrlQuery,
    ThreadIn,
    ThreadsPage,
    ThreadsQuery,
    changes_of,
    count_out,
    thread_out,
)
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.conditional import PRIVATE, PublicResponse, entity_tag
from service.platform.http.cursors import decode_cursor, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.path_ids import article_of
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import locale_of
from service.platform.problems import InvalidCursor, InvalidField, InvalidParameter
from service.platform.sites.site_lookup import Site
from service.platform.text.article_ids import ARTICLE_ID_FORMAT, has_control, is_article_id
from service.platform.text.field_types import read_line
from service.platform.text.web_urls import canonical_url


async def put_thread(request: Request, caller: Caller) -> Response:
    """Register an article, or update it."""
    article = article_of(request)
    changes = changes_of(await decode_body(request, ThreadIn))
    async with database_of(request).write() as connection:
        thread, created = await register_thread(connection, caller.site, article, changes)
    return _thread_response(request, caller, thread, status=201 if created else 200)


async def get_thread(request: Request, caller: Caller) -> Response:
    """Get a thread by its article id."""
    async with database_of(request).read() as connection:
        thread = await find_thread(connection, caller.site.id, article_of(request))
    return _read_response(request, caller, thread)


async def get_thread_by_url(request: Request, caller: Caller) -> Response:
    """Get a thread by its article's URL."""
    query = decode_query(request, ThreadByUrlQuery)
    if has_control(query.url):
        raise no_thread()
    async with database_of(request).read() as connection:
        thread = await find_thread_by_url(
            connection,
            caller.site.id,
            canonical_url(query.url) or query.url,
            to_staff=caller.role is not None,
            now=clock.now(),
        )
    return _read_response(request, caller, thread)


async def get_threads(request: Request, caller: Caller) -> Response:
    """List the site's threads, a page at a time."""
    query = decode_query(request, ThreadsQuery)
    now = clock.now()
    async with database_of(request).read() as connection:
        threads = await list_threads(
            connection,
            caller.site,
            state=query.state,
            sections=caller.sections(query.section),
            changed_since=query.changed_since,
            after=_id_from_cursor(query.cursor),
            limit=query.limit + 1,
            now=now,
        )
    cursor = encode_cursor(b"%d" % threads[query.limit - 1].id) if len(threads) > query.limit else None
    locale = locale_of(request, caller)
    page = [thread_out(thread, caller.site, locale=locale, now=now) for thread in threads[: query.limit]]
    return json_response(ThreadsPage(page, cursor), headers={**PRIVATE, **next_link(request, cursor)})


async def post_close(request: Request, caller: Caller) -> Response:
    """Close a thread, now or at a given time."""
    article, body = article_of(request), await decode_body(request, CloseIn, optional=True)
    reason = read_line(body.reason, pointer="/reason", max_length=500) if body.reason else None
    async with database_of(request).write() as connection:
        await _require_own_section(connection, caller, article)
        thread = await close_thread(connection, caller.site, article, at=body.at, reason=reason, by=caller.actor)
    return _thread_response(request, caller, thread)


async def post_reopen(request: Request, caller: Caller) -> Response:
    """Reopen a thread, for good or until a given time."""
    article, body = article_of(request), await decode_body(request, ReopenIn, optional=True)
    async with database_of(request).write() as connection:
        await _require_own_section(connection, caller, article)
        thread = await reopen_thread(connection, caller.site, article, at=body.at, by=caller.actor)
    return _thread_response(request, caller, thread)


async def put_mode(request: Request, caller: Caller) -> Response:
    """Set the mode of a thread."""
    article, body = article_of(request), await decode_body(request, ModeIn)
    reason = read_line(body.reason, pointer="/reason", max_length=500) if body.reason else None
    async with database_of(request).write() as connection:
        await _require_own_section(connection, caller, article)
        thread = await set_mode(connection, caller.site, article, mode=body.mode, reason=reason, by=caller.actor)
    return _thread_response(request, caller, thread)


async def _require_own_section(connection: AsyncConnection, caller: Caller, article: str) -> None:
    """Check that the caller is not limited to other sections than the article's; raises NotFound."""
    if caller.own_sections is not None:
        caller.require_section((await lock_thread(connection, caller.site.id, article)).section)


async def get_counts(request: Request, caller: Caller) -> Response:
    """Get the counts of the articles in the query string, or of the newest articles of a section."""
    if "section" in request.query_params:
        return await _counts_of_section(request, caller, decode_query(request, SectionQuery).section or "")
    given = request.query_params.multi_items()
    for name, _ in given:
        if name != "article":
            raise InvalidParameter(
                "The only parameter is “article”, which can be given up to 200 times, or “section”.", parameter=name
            )
    articles = [article for _, article in given]
    if not 1 <= len(articles) <= MAX_COUNTS:
        raise InvalidParameter("Give 1 to 200 article ids, each as article=ID.", parameter="article")
    if not all(map(is_article_id, articles)):
        raise InvalidParameter(ARTICLE_ID_FORMAT, parameter="article")
    return _counts_response(request, caller, *await _counts(request, caller, articles))


async def _counts_of_section(request: Request, caller: Caller, section: str) -> Response:
    async with database_of(request).read() as connection:
        threads = await newest_in_section(connection, caller.site, section, limit=MAX_COUNTS)
    visible = {thread.article: thread for thread in threads if not thread.is_hidden(clock.now())}
    out = _counts_out(request, caller, [*visible], visible)
    return _counts_response(request, caller, out, _next_change(caller.site, threads))


def _counts_response(request: Request, caller: Caller, counts: Counts, until: datetime | None) -> Response:
    now, locale = clock.now(), locale_of(request, caller)
    tag = entity_tag(caller.site.revision, locale, *counts.counts)
    return PublicResponse(counts, tag=tag, locale=locale, now=now, until=until)


async def post_counts(request: Request, caller: Caller) -> Response:
    """Get the counts of the articles in the body, for lists too long for a URL."""
    body = await decode_body(request, CountsIn, limit=COUNTS_LIMIT)
    for number, article in enumerate(body.articles):
        if not is_article_id(article):
            raise InvalidField(ARTICLE_ID_FORMAT, pointer=f"/articles/{number}")
    counts, _until = await _counts(request, caller, body.articles)
    return json_response(counts, headers={"cache-control": "no-store", "content-language": locale_of(request, caller)})


MAX_COUNTS = 200
COUNTS_LIMIT = 1024 * 1024  # bytes: 200 ids of 500 characters of up to four bytes, escaped


def _id_from_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 0
    key = decode_cursor(cursor)
    if not key.isdigit() or len(key) > 18:
        raise InvalidCursor(parameter="cursor")
    return int(key)


def _read_response(request: Request, caller: Caller, thread: Thread) -> Response:
    now, site, locale = clock.now(), caller.site, locale_of(request, caller)
    require_visible(thread, to_staff=caller.in_section(thread.section).role is not None, now=now)
    out = thread_out(thread, site, locale=locale, now=now)
    tag = entity_tag(thread.id, thread.sequence, out.state, out.closes_at, site.revision, locale)
    private = {} if caller.is_anonymous else PRIVATE
    until = next_change(thread, site, now)
    return PublicResponse(out, tag=tag, locale=locale, now=now, until=until, headers=private)


def _thread_response(request: Request, caller: Caller, thread: Thread, *, status: int = 200) -> Response:
    locale = locale_of(request, caller)
    out = thread_out(thread, caller.site, locale=locale, now=clock.now())
    return json_response(out, status, {"cache-control": "no-store", "content-language": locale})


async def _counts(request: Request, caller: Caller, articles: list[str]) -> tuple[Counts, datetime | None]:
    """Return the counts of ``articles``, and the next time at which one changes without a write."""
    now = clock.now()
    async with database_of(request).read() as connection:
        threads = await find_threads(connection, caller.site, articles)
    known = {article: thread for article, thread in threads.items() if not thread.is_hidden(now)}
    return _counts_out(request, caller, articles, known), _next_change(caller.site, threads.values())


def _counts_out(request: Request, caller: Caller, articles: list[str], known: dict[str, Thread]) -> Counts:
    now, locale = clock.now(), locale_of(request, caller)
    return Counts([count_out(article, known.get(article), caller.site, locale=locale, now=now) for article in articles])


def _next_change(site: Site, threads: Iterable[Thread]) -> datetime | None:
    """Return the next time at which one of ``threads`` opens to readers or closes without a write."""
    now = clock.now()
    changes = (at for thread in threads for at in (thread.published_at, next_change(thread, site, now)))
    return min((at for at in changes if at and at > now), default=None)
