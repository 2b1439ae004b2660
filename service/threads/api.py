"""Threads over HTTP: registered, read, listed, closed, reopened, counted."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from service import clock
from service.access.caller import Caller
from service.languages.speaking import negotiate
from service.storage.engine import database_of
from service.threads.article_ids import WHAT_AN_ID_IS, has_control, is_article_id
from service.threads.closing import close_thread, reopen_thread
from service.threads.finding import find_thread, find_thread_by_url, no_thread, visible
from service.threads.listing import find_threads, list_threads
from service.threads.model import Thread
from service.threads.registering import register_thread
from service.threads.terms import closes_at
from service.threads.wire import (
    CloseIn,
    Counts,
    CountsIn,
    ReopenIn,
    ThreadByUrlQuery,
    ThreadIn,
    ThreadsPage,
    ThreadsQuery,
    changes_at,
    count_out,
    thread_out,
)
from service.web.conditional import PRIVATE, PublicResponse, entity_tag
from service.web.cursors import decode_cursor, encode_cursor, next_link
from service.web.decoding import decode_body, decode_query, given_fields
from service.web.fields import read_line, read_web_url
from service.web.problems import InvalidCursor, InvalidField, InvalidParameter
from service.web.routing import json_response, path_parameter


async def put_thread(request: Request, caller: Caller) -> Response:
    """Register an article, or change what is known of it."""
    article = article_of(request)
    changes = changes_of(await decode_body(request, ThreadIn))
    async with database_of(request).write() as connection:
        thread, created = await register_thread(connection, caller.site, article, changes)
    return _thread_response(request, caller, thread, status=201 if created else 200)


async def get_thread(request: Request, caller: Caller) -> Response:
    """A thread by its article's id."""
    async with database_of(request).read() as connection:
        thread = await find_thread(connection, caller.site.id, article_of(request))
    return _read_response(request, caller, thread)


async def get_thread_by_url(request: Request, caller: Caller) -> Response:
    """A thread by its article's URL."""
    query = decode_query(request, ThreadByUrlQuery)
    if has_control(query.url):
        raise no_thread()
    async with database_of(request).read() as connection:
        thread = await find_thread_by_url(
            connection, caller.site.id, query.url, to_staff=caller.role is not None, now=clock.now()
        )
    return _read_response(request, caller, thread)


async def get_threads(request: Request, caller: Caller) -> Response:
    """The site's threads, a page at a time."""
    query = decode_query(request, ThreadsQuery)
    now = clock.now()
    async with database_of(request).read() as connection:
        threads = await list_threads(
            connection,
            caller.site,
            state=query.state,
            changed_since=query.changed_since,
            after=_id_in(query.cursor),
            limit=query.limit + 1,
            now=now,
        )
    cursor = encode_cursor(b"%d" % threads[query.limit - 1].id) if len(threads) > query.limit else None
    locale = locale_of(request, caller)
    page = [thread_out(thread, caller.site, locale=locale, now=now) for thread in threads[: query.limit]]
    return json_response(ThreadsPage(page, cursor), headers={**PRIVATE, **next_link(request, cursor)})


async def post_close(request: Request, caller: Caller) -> Response:
    """Close a thread, now or at a time."""
    article, body = article_of(request), await decode_body(request, CloseIn, optional=True)
    reason = read_line(body.reason, pointer="/reason", longest=500) if body.reason else None
    async with database_of(request).write() as connection:
        thread = await close_thread(connection, caller.site, article, at=body.at, reason=reason, by=caller.actor)
    return _thread_response(request, caller, thread)


async def post_reopen(request: Request, caller: Caller) -> Response:
    """Reopen a thread, for good or until a time."""
    article, body = article_of(request), await decode_body(request, ReopenIn, optional=True)
    async with database_of(request).write() as connection:
        thread = await reopen_thread(connection, caller.site, article, at=body.at, by=caller.actor)
    return _thread_response(request, caller, thread)


async def get_counts(request: Request, caller: Caller) -> Response:
    """The counts of the articles in the query."""
    given = request.query_params.multi_items()
    for name, _ in given:
        if name != "article":
            raise InvalidParameter("Only “article” is taken here, up to 200 times.", parameter=name)
    articles = [article for _, article in given]
    if not 1 <= len(articles) <= 200:
        raise InvalidParameter("Ask for 1 to 200 articles.", parameter="article")
    if not all(map(is_article_id, articles)):
        raise InvalidParameter(WHAT_AN_ID_IS, parameter="article")
    counts, until = await _counts(request, caller, articles)
    now, locale = clock.now(), locale_of(request, caller)
    tag = entity_tag(caller.site.revision, locale, *counts.counts)
    return PublicResponse(counts, tag=tag, locale=locale, now=now, until=until)


async def post_counts(request: Request, caller: Caller) -> Response:
    """The counts of the articles in the body, for lists too long for a URL."""
    body = await decode_body(request, CountsIn, limit=COUNTS_LIMIT)
    for number, article in enumerate(body.articles):
        if not is_article_id(article):
            raise InvalidField(WHAT_AN_ID_IS, pointer=f"/articles/{number}")
    counts, _until = await _counts(request, caller, body.articles)
    return json_response(counts, headers={"cache-control": "no-store", "content-language": locale_of(request, caller)})


COUNTS_LIMIT = 1024 * 1024  # 200 ids of 500 characters, each of up to four bytes, escaped


def articles_asked(request: Request) -> list[str]:
    """The articles that a path or, for counts, a query names."""
    return [article_of(request)] if "article" in request.path_params else request.query_params.getlist("article")


def article_of(request: Request) -> str:
    """The article's id in the path: 1–500 characters, no control characters, not ``.`` or ``..``."""
    article = path_parameter(request, "article")
    if not is_article_id(article):
        raise InvalidParameter(WHAT_AN_ID_IS, parameter="article")
    return article


def locale_of(request: Request, caller: Caller) -> str:
    """The locale of the answer's lines: the reader's (``Accept-Language``) where we speak it, else the site's."""
    return negotiate(request.headers.get("accept-language"), site_locale=caller.site.locale)


def changes_of(body: ThreadIn, *, below: str = "") -> dict[str, Any]:
    """The columns that a host's ``body`` sets, which stands ``below`` that place of what it sent."""
    changes = given_fields(body)
    if "title" in changes:
        changes["title"] = read_line(changes["title"], pointer=f"{below}/title", longest=500)
    if changes.get("url") is not None:
        changes["url"] = read_web_url(changes["url"], pointer=f"{below}/url")
    closing = changes.pop("closing", None)
    if closing is not None:
        changes["closing_kind"] = closing.__struct_config__.tag
        changes["closing_at"] = getattr(closing, "at", None)
    return changes


def _id_in(cursor: str | None) -> int:
    if cursor is None:
        return 0
    key = decode_cursor(cursor)
    if not key.isdigit() or len(key) > 18:
        raise InvalidCursor(parameter="cursor")
    return int(key)


def _read_response(request: Request, caller: Caller, thread: Thread) -> Response:
    now, site, locale = clock.now(), caller.site, locale_of(request, caller)
    visible(thread, to_staff=caller.role is not None, now=now)
    out = thread_out(thread, site, locale=locale, now=now)
    tag = entity_tag(thread.id, thread.sequence, out.state, site.revision, locale)
    private = {} if caller.is_anonymous else PRIVATE
    return PublicResponse(out, tag=tag, locale=locale, now=now, until=changes_at(out), headers=private)


def _thread_response(request: Request, caller: Caller, thread: Thread, *, status: int = 200) -> Response:
    locale = locale_of(request, caller)
    out = thread_out(thread, caller.site, locale=locale, now=clock.now())
    return json_response(out, status, {"cache-control": "no-store", "content-language": locale})


async def _counts(request: Request, caller: Caller, articles: list[str]) -> tuple[Counts, datetime | None]:
    """What stands at links to ``articles``, and the first instant at which that changes by itself."""
    now, locale, site = clock.now(), locale_of(request, caller), caller.site
    async with database_of(request).read() as connection:
        threads = await find_threads(connection, site, articles)
    known = {article: thread for article, thread in threads.items() if not thread.is_hidden(now)}
    counts = [count_out(article, known.get(article), site, locale=locale, now=now) for article in articles]
    turns = [at for thread in threads.values() for at in (thread.published_at, closes_at(thread, site.settings))]
    return Counts(counts), min((at for at in turns if at and at > now), default=None)
