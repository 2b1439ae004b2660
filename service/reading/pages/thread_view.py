"""The view of one page of a thread, shared by the fragment, the thread page and the embed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import find_comment
from service.conversation.comments.comment_pages import decode_path_cursor, page_containing, read_page
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.model import Comment
from service.conversation.comments.visibility import (
    is_awaiting_review,
    is_listed,
    is_own,
    may_edit,
    sees_text,
    view_for,
)
from service.conversation.comments.wire import CommentOut
from service.conversation.screening.findings import Finding
from service.conversation.threads.model import Thread
from service.conversation.threads.wire import ThreadOut, thread_out
from service.platform.access.caller import Caller
from service.platform.http.cursors import encode_cursor
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site
from service.reading.pages.wire import FragmentQuery


class Branch(msgspec.Struct):
    """A comment with its replies. ``own``: the viewer wrote it; ``may_edit``: its edit window is open."""

    comment: CommentOut
    own: bool = False
    may_edit: bool = False
    replies: list["Branch"] = []


class ThreadView(msgspec.Struct, kw_only=True):
    """One page of a thread.

    ``path`` is the path of the thread page below the base URL; ``next_cursor`` is the cursor of the next page.
    """

    site: str
    path: str
    thread: ThreadOut
    branches: list[Branch]
    order: str
    next_cursor: str | None
    is_first_page: bool
    is_open: bool


def page_path(site: Site, article: str) -> str:
    """Return the path of an article's thread page, below the base URL."""
    return f"/{site.slug}/{quote(article, safe='')}"


async def read_thread_view(
    connection: AsyncConnection, thread: Thread, caller: Caller, query: FragmentQuery, *, locale: str, now: datetime
) -> ThreadView:
    """Return the page of ``thread`` for ``query``, as ``caller`` may see it; raises InvalidCursor.

    An unknown comment is ignored: the first page is returned.
    """
    after, out = decode_path_cursor(query.cursor), thread_out(thread, caller.site, locale=locale, now=now)
    if query.comment and not query.cursor:
        after = await _after(connection, thread, caller, query, query.comment)
    comments, next_key = await read_page(
        connection, thread.id, order=query.order, after=after, limit=query.limit, reader_id=caller.reader_id
    )
    held = [comment.id for comment in comments if is_awaiting_review(comment, caller)]
    findings = await read_findings(connection, held) if held else {}
    reader = caller.as_reader()  # moderators see the same page as readers
    branches = [_branch(comment, reader, thread, findings, locale=locale, now=now) for comment in comments]
    return ThreadView(
        site=caller.site.slug,
        path=page_path(caller.site, thread.article),
        thread=out,
        branches=build_tree(branches),
        order=query.order,
        next_cursor=encode_cursor(next_key) if next_key else None,
        is_first_page=not after,
        is_open=out.state == "open" and out.comments_on,
    )


async def _after(
    connection: AsyncConnection, thread: Thread, caller: Caller, query: FragmentQuery, comment_id: UUID
) -> bytes:
    try:
        comment, found_in = await find_comment(connection, caller.site, comment_id)
    except NotFound:
        return b""
    if found_in.id != thread.id or not is_listed(comment, caller):
        return b""
    return await page_containing(connection, comment, order=query.order, limit=query.limit, reader_id=caller.reader_id)


def _branch(
    comment: Comment,
    reader: Caller,
    thread: Thread,
    findings: Mapping[UUID, Sequence[Finding]],
    *,
    locale: str,
    now: datetime,
) -> Branch:
    seen = view_for(comment, reader, locale=locale, findings=findings.get(comment.id))
    own = is_own(comment, reader) and sees_text(comment, reader)
    return Branch(seen, own=own, may_edit=may_edit(comment, reader, now, thread=thread))


def build_tree(branches: list[Branch]) -> list[Branch]:
    """Build the tree from ``branches`` in reading order; a comment whose parent is on another page is a root."""
    roots: list[Branch] = []
    above: list[Branch] = []
    for branch in branches:
        while above and above[-1].comment.depth >= branch.comment.depth:
            above.pop()
        (above[-1].replies if above else roots).append(branch)
        above.append(branch)
    return roots


def find_branch(branches: list[Branch], comment_id: UUID | None) -> Branch | None:
    """Return a comment's branch at any depth of ``branches``, or None."""
    for branch in branches if comment_id else ():
        if branch.comment.id == comment_id:
            return branch
        if found := find_branch(branch.replies, comment_id):
            return found
    return None
