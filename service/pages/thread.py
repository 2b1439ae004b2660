"""A thread to read: heading, comments as a tree, and the notice when it is closed."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service import clock
from service.access.guarding import doorkeeper_of
from service.comments.api import path_in
from service.comments.listing import list_comments, order_key
from service.comments.wire import CommentOut, public_comment
from service.languages.speaking import negotiate
from service.pages.templating import page
from service.sites.finding import Site
from service.storage.engine import database_of
from service.threads.api import article_of
from service.threads.finding import find_thread, visible
from service.threads.wire import thread_out
from service.web.conditional import entity_tag, is_known, not_modified, public_headers
from service.web.cursors import encode_cursor
from service.web.problems import Problem
from service.web.routing import path_parameter

PAGE = 50


class Branch(msgspec.Struct):
    """A comment and the answers below it."""

    comment: CommentOut
    answers: list["Branch"] = []


async def get_thread_page(request: Request) -> Response:
    """The page of an article's thread; a page that says so where there is none to show."""
    accepted = request.headers.get("accept-language")
    try:
        site = await doorkeeper_of(request).sites.find(path_parameter(request, "site"))
        return await _thread_page(request, site, locale=negotiate(accepted, site_locale=site.locale))
    except Problem as problem:
        locale = negotiate(accepted, site_locale="en")
        return page("missing.html", locale=locale, status=problem.status, headers={"cache-control": "no-store"})


async def _thread_page(request: Request, site: Site, *, locale: str) -> Response:
    now = clock.now()
    after = path_in(request.query_params.get("cursor"))
    async with database_of(request).read() as connection:
        thread = visible(await find_thread(connection, site.id, article_of(request)), to_staff=False, now=now)
        out = thread_out(thread, site, locale=locale, now=now)
        tag = entity_tag("page", thread.id, thread.shown_version, out.state, site.revision, locale)
        headers = public_headers(tag, locale=locale, now=now, until=out.closing.at if out.state == "open" else None)
        if is_known(request, tag):
            return not_modified(headers)
        comments = await list_comments(
            connection, thread.id, order="oldest", after=after, limit=PAGE + 1, reader_id=None
        )
    more = encode_cursor(order_key(comments[PAGE - 1], "oldest")) if len(comments) > PAGE else None
    branches = grow([public_comment(comment) for comment in comments[:PAGE]])
    return page("thread.html", locale=locale, headers=headers, thread=out, branches=branches, more=more, site=site.slug)


def grow(comments: list[CommentOut]) -> list[Branch]:
    """The tree of ``comments``, which stand in reading order; a page that begins below a comment has its own roots."""
    roots: list[Branch] = []
    above: list[Branch] = []
    for comment in comments:
        while above and above[-1].comment.depth >= comment.depth:
            above.pop()
        branch = Branch(comment)
        (above[-1].answers if above else roots).append(branch)
        above.append(branch)
    return roots
