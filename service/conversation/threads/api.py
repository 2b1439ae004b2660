"""HTTP endpoints for threads: register, get, list, close, reopen, count."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.threads.model import Thread
from service.conversation.threads.own_threads import close_own_thread, reopen_own_thread, set_own_mode
from service.conversation.threads.read_counts import MAX_COUNTS, read_counts, read_counts_of_section
from service.conversation.threads.register_article import register_thread
from service.conversation.threads.thread_list_pages import read_thread_list
from service.conversation.threads.thread_lookup import find_thread, find_threads_by_urls, no_thread, require_visible
from service.conversation.threads.thread_policy import next_change
from service.conversation.threads.wire import (
    CloseIn,
    CountsIn,
    ModeIn,
    ReopenIn,
    SectionQuery,
    ThreadByUrlQuery,
    ThreadIn,
    ThreadsPage,
    ThreadsQuery,
    changes_of,
    thread_out,
)
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.conditional import MAX_AGE, PRIVATE, PublicResponse, entity_tag
from service.platform.http.cursors import next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.path_ids import article_of
from service.platform.http.raw_routes import json_response, query_of
from service.platform.http.request_origin import locale_of
from service.platform.problems import InvalidField, InvalidParameter
from service.platform.text.article_ids import ARTICLE_ID_FORMAT, has_control, is_article_id
from service.platform.text.field_types import read_canonical_url, read_line
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
        url = canonical_url(query.url) or query.url
        to_staff = caller.role is not None
        found = await find_threads_by_urls(connection, caller.site, [url], to_staff=to_staff, now=clock.now())
    if url not in found:
        raise no_thread()
    return _read_response(request, caller, found[url])


async def get_threads(request: Request, caller: Caller) -> Response:
    """List the site's threads, a page at a time."""
    query, now, locale = decode_query(request, ThreadsQuery), clock.now(), locale_of(request, caller)
    threads, cursor = await read_thread_list(database_of(request), caller, query, now=now)
    page = [thread_out(thread, caller.site, locale=locale, now=now) for thread in threads]
    return json_response(ThreadsPage(page, cursor), headers={**PRIVATE, **next_link(request, cursor)})


async def post_close(request: Request, caller: Caller) -> Response:
    """Close a thread, now or at a given time."""
    article, body = article_of(request), await decode_body(request, CloseIn, optional=True)
    reason = read_line(body.reason, pointer="/reason", max_length=500) if body.reason else None
    thread = await close_own_thread(database_of(request), caller, article, at=body.at, reason=reason)
    return _thread_response(request, caller, thread)


async def post_reopen(request: Request, caller: Caller) -> Response:
    """Reopen a thread, for good or until a given time."""
    article, body = article_of(request), await decode_body(request, ReopenIn, optional=True)
    thread = await reopen_own_thread(database_of(request), caller, article, at=body.at)
    return _thread_response(request, caller, thread)


async def put_mode(request: Request, caller: Caller) -> Response:
    """Set the mode of a thread."""
    article, body = article_of(request), await decode_body(request, ModeIn)
    reason = read_line(body.reason, pointer="/reason", max_length=500) if body.reason else None
    thread = await set_own_mode(database_of(request), caller, article, mode=body.mode, reason=reason)
    return _thread_response(request, caller, thread)


async def get_counts(request: Request, caller: Caller) -> Response:
    """Get the counts of the articles and URLs in the query string, or of the newest articles of a section."""
    site, now, locale = caller.site, clock.now(), locale_of(request, caller)
    if "section" in query_of(request):
        section = decode_query(request, SectionQuery).section or ""
        async with database_of(request).read() as connection:
            counts, until = await read_counts_of_section(connection, site, section, locale=locale, now=now)
    else:
        articles, canonical = _counted(request)
        async with database_of(request).read() as connection:
            counts, until = await read_counts(
                connection, site, articles=articles, canonical=canonical, locale=locale, now=now
            )
        if canonical:  # an article that is not published yet may have one of the URLs, too
            until = min(until or now + MAX_AGE, now + MAX_AGE)
    tag = entity_tag(site.revision, locale, *counts.counts, *(counts.urls or ()))
    return PublicResponse(counts, tag=tag, locale=locale, now=now, until=until)


def _counted(request: Request) -> tuple[list[str], dict[str, str]]:
    """Return the article ids in the query string, and the canonical form of each URL; raises InvalidParameter."""
    articles, urls = query_of(request).getlist("article"), query_of(request).getlist("url")
    if not 1 <= len(articles) + len(urls) <= MAX_COUNTS:
        raise InvalidParameter(HOW_MANY_COUNTS, parameter="url" if urls and not articles else "article")
    if not all(map(is_article_id, articles)):
        raise InvalidParameter(ARTICLE_ID_FORMAT, parameter="article")
    canonical = {url: form for url in urls if (form := canonical_url(url))}
    if len(canonical) < len({*urls}):
        raise InvalidParameter("It must be an absolute http or https URL.", parameter="url")
    return articles, canonical


async def post_counts(request: Request, caller: Caller) -> Response:
    """Get the counts of the articles and URLs in the body, for lists too long for a URL."""
    body, locale = await decode_body(request, CountsIn, limit=COUNTS_LIMIT), locale_of(request, caller)
    if not 1 <= len(body.articles) + len(body.urls) <= MAX_COUNTS:
        raise InvalidField(HOW_MANY_COUNTS, pointer="/urls" if body.urls and not body.articles else "/articles")
    for number, article in enumerate(body.articles):
        if not is_article_id(article):
            raise InvalidField(ARTICLE_ID_FORMAT, pointer=f"/articles/{number}")
    canonical = {}
    for number, url in enumerate(body.urls):
        canonical[url] = read_canonical_url(url, pointer=f"/urls/{number}")
        await asyncio.sleep(0)  # a long URL takes some milliseconds
    async with database_of(request).read() as connection:
        counts, _until = await read_counts(
            connection, caller.site, articles=body.articles, canonical=canonical, locale=locale, now=clock.now()
        )
    return json_response(counts, headers={"cache-control": "no-store", "content-language": locale})


HOW_MANY_COUNTS = f"Give 1 to {MAX_COUNTS} article ids and URLs together."
COUNTS_LIMIT = 1024 * 1024  # bytes: 200 ids of 500 characters of up to four bytes, escaped


def _read_response(request: Request, caller: Caller, thread: Thread) -> Response:
    now, site, locale = clock.now(), caller.site, locale_of(request, caller)
    require_visible(thread, to_staff=caller.in_section(thread.section).role is not None, now=now)
    out = thread_out(thread, site, locale=locale, now=now)
    tag = entity_tag(thread.id, thread.sequence, *out.timed_state, site.revision, locale)
    private = {} if caller.is_anonymous else PRIVATE
    until = next_change(thread, site, now)
    return PublicResponse(out, tag=tag, locale=locale, now=now, until=until, headers=private)


def _thread_response(request: Request, caller: Caller, thread: Thread, *, status: int = 200) -> Response:
    locale = locale_of(request, caller)
    out = thread_out(thread, caller.site, locale=locale, now=clock.now())
    return json_response(out, status, {"cache-control": "no-store", "content-language": locale})
