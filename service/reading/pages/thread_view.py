"""The view of one page of a thread, shared by the fragment, the thread page and the embed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import find_in_thread
from service.conversation.comments.comment_pages import Order, decode_path_cursor, page_containing, read_page
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.imported_ids import old_id
from service.conversation.comments.model import Comment, State
from service.conversation.comments.page_borders import count_featured, count_up_to, read_above, start_of_page_before
from service.conversation.comments.statement_of_reasons import LastDecision, read_last_decisions
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
from service.conversation.threads.thread_policy import PostingRefusal, posting_refusal
from service.conversation.threads.wire import ThreadOut, thread_out
from service.platform.access.caller import Caller
from service.platform.http.cursors import encode_cursor
from service.platform.sites.site_lookup import Site
from service.reading.pages.comment_tree import Branch, branch_above, build_tree, name_parents
from service.reading.pages.own_decided import read_decided
from service.reading.pages.wire import FragmentQuery


class Beside(msgspec.Struct, kw_only=True):
    """What is before and after a page: how many published comments, None if unknown, and the cursors of both pages.

    The page before is the first one if its cursor is None.
    """

    earlier: int | None
    left: int | None
    cursor_before: str | None
    cursor_after: str | None
    is_first: bool


class ThreadView(msgspec.Struct, kw_only=True):
    """One page of a thread.

    ``path`` is the path of the thread page below the base URL. ``picks`` is how many comments editors picked.
    ``decided`` are the viewer's own newest comments that moderators did not publish or removed, with the reasons.
    ``refusal`` is why the viewer may not post, and ``sign_in_url`` the host's page to sign in, with ``{return_url}``.
    """

    site: str
    path: str
    thread: ThreadOut
    branches: list[Branch]
    decided: list[CommentOut]
    order: str
    picks: int
    beside: Beside
    is_open: bool
    refusal: PostingRefusal | None
    sign_in_url: str | None


def _refusal(thread: Thread, caller: Caller) -> PostingRefusal | None:
    """Return why the viewer may not post."""
    claims = caller.profile.claims if caller.profile else None
    return None if caller.is_staff else posting_refusal(thread, caller.site, claims)


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
    picks = await count_featured(connection, thread.id) if thread.reply_count > 1 else 0
    if query.order == "featured" and (query.comment or not picks):
        query = msgspec.structs.replace(query, order="oldest")
    order: Order = "newest" if query.order == "newest" else "oldest"
    if query.comment and not query.cursor:
        after = await _after(connection, thread, caller, query, query.comment, order=order)
    comments, next_key = await read_page(
        connection,
        thread.id,
        order=order,
        after=after,
        limit=query.limit,
        reader_id=caller.reader_id,
        featured=query.order == "featured",
    )
    held = [comment.id for comment in comments if is_awaiting_review(comment, caller)]
    findings = await read_findings(connection, held) if held else {}
    decisions = await read_last_decisions(connection, [each for each in comments if each.id in findings])
    reader = caller.as_reader()  # moderators see the same page as readers
    branches = [_branch(each, reader, thread, findings, decisions, locale=locale, now=now) for each in comments]
    path = page_path(caller.site, thread.article)
    other_page = path + ("?order=newest&" if order == "newest" else "?")
    if query.order == "featured":
        beside = _beside_picks(after, next_key)
    else:
        above = await read_above(connection, comments[0]) if comments else []
        lines = [branch_above(each, other_page=other_page, locale=locale, reader=reader) for each in above]
        branches = build_tree([*lines, *branches])
        beside = await _beside(connection, thread, comments, order, after=after, next_key=next_key, limit=query.limit)
    await name_parents(connection, branches, other_page=other_page, locale=locale, reader=reader)
    return ThreadView(
        site=caller.site.slug,
        path=path,
        thread=out,
        branches=branches,
        decided=[] if after else await read_decided(connection, reader, thread_id=thread.id, locale=locale),
        order=query.order,
        picks=picks,
        beside=beside,
        is_open=out.state == "open" and out.comments_on,
        refusal=_refusal(thread, caller),
        sign_in_url=caller.site.settings.sign_in_url,
    )


async def _beside(
    connection: AsyncConnection,
    thread: Thread,
    comments: Sequence[Comment],
    order: Order,
    *,
    after: bytes,
    next_key: bytes | None,
    limit: int,
) -> Beside:
    """Return what is before and after a page; only pages in the middle are counted."""
    elsewhere = thread.reply_count - sum(comment.state is State.PUBLISHED for comment in comments)
    earlier: int | None = 0
    before = b""
    if after:
        before = await start_of_page_before(connection, thread.id, order=order, after=after, limit=limit)
        earlier = elsewhere
        if next_key:
            earlier = await count_up_to(connection, thread.id, order=order, after=after)
    return Beside(
        earlier=earlier,
        left=None if earlier is None else max(0, elsewhere - earlier),
        cursor_before=encode_cursor(before) if before else None,
        cursor_after=encode_cursor(next_key) if next_key else None,
        is_first=not after,
    )


def _beside_picks(after: bytes, next_key: bytes | None) -> Beside:
    """Return the pages beside one of editors' picks, uncounted: more than a page of them is rare."""
    cursor = encode_cursor(next_key) if next_key else None
    return Beside(earlier=None, left=None, cursor_before=None, cursor_after=cursor, is_first=not after)


async def _after(
    connection: AsyncConnection, thread: Thread, caller: Caller, query: FragmentQuery, comment_id: str, *, order: Order
) -> bytes:
    comment = await find_in_thread(connection, thread.id, comment_id)
    if comment is None or not is_listed(comment, caller):
        return b""
    return await page_containing(connection, comment, order=order, limit=query.limit, reader_id=caller.reader_id)


def _branch(
    comment: Comment,
    reader: Caller,
    thread: Thread,
    findings: Mapping[UUID, Sequence[Finding]],
    decisions: Mapping[UUID, LastDecision],
    *,
    locale: str,
    now: datetime,
) -> Branch:
    found, decision = findings.get(comment.id), decisions.get(comment.id)
    seen = view_for(comment, reader, locale=locale, findings=found, decision=decision)
    own = is_own(comment, reader) and sees_text(comment, reader)
    return Branch(
        seen, own=own, may_edit=may_edit(comment, reader, now, thread=thread), old_id=old_id(comment.imported_from)
    )
