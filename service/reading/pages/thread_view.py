"""The view of one page of a thread, shared by the fragment, the thread page and the embed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import find_in_thread, read_without_texts
from service.conversation.comments.comment_pages import decode_path_cursor, page_containing, read_page
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.imported_ids import old_id
from service.conversation.comments.model import Comment
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
from service.reading.pages.own_decided import read_decided
from service.reading.pages.wire import FragmentQuery

NOT_INDENTED = 5  # the first level of replies that thread.css does not indent


class Answered(msgspec.Struct):
    """The comment that a reply answers: its author's ``name``, None if it was removed, and its ``url``.

    The URL is a fragment if the comment is on the same page, else below the base URL.
    """

    name: str | None
    url: str


class Branch(msgspec.Struct):
    """A comment with its replies. ``own``: the viewer wrote it; ``may_edit``: its edit window is open.

    ``old_id`` is its id in the system it was imported from. ``answers`` is its parent, unless the page shows it right
    above.
    """

    comment: CommentOut
    own: bool = False
    may_edit: bool = False
    old_id: str | None = None
    answers: Answered | None = None
    replies: list["Branch"] = []


class ThreadView(msgspec.Struct, kw_only=True):
    """One page of a thread.

    ``path`` is the path of the thread page below the base URL; ``next_cursor`` is the cursor of the next page.
    ``decided`` are the viewer's own newest comments that moderators did not publish or removed, with the reasons.
    ``refusal`` is why the viewer may not post, and ``sign_in_url`` the host's page to sign in, with ``{return_url}``.
    """

    site: str
    path: str
    thread: ThreadOut
    branches: list[Branch]
    decided: list[CommentOut]
    order: str
    next_cursor: str | None
    is_first_page: bool
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
    if query.comment and not query.cursor:
        after = await _after(connection, thread, caller, query, query.comment)
    comments, next_key = await read_page(
        connection, thread.id, order=query.order, after=after, limit=query.limit, reader_id=caller.reader_id
    )
    held = [comment.id for comment in comments if is_awaiting_review(comment, caller)]
    findings = await read_findings(connection, held) if held else {}
    decisions = await read_last_decisions(connection, [each for each in comments if each.id in findings])
    reader = caller.as_reader()  # moderators see the same page as readers
    branches = [_branch(each, reader, thread, findings, decisions, locale=locale, now=now) for each in comments]
    roots = build_tree(branches)
    path = page_path(caller.site, thread.article)
    other_page = path + ("?order=newest&" if query.order == "newest" else "?")
    await _name_parents(connection, roots, comments, reader, other_page=other_page, locale=locale)
    return ThreadView(
        site=caller.site.slug,
        path=path,
        thread=out,
        branches=roots,
        decided=[] if after else await read_decided(connection, reader, thread_id=thread.id, locale=locale),
        order=query.order,
        next_cursor=encode_cursor(next_key) if next_key else None,
        is_first_page=not after,
        is_open=out.state == "open" and out.comments_on,
        refusal=_refusal(thread, caller),
        sign_in_url=caller.site.settings.sign_in_url,
    )


async def _after(
    connection: AsyncConnection, thread: Thread, caller: Caller, query: FragmentQuery, comment_id: str
) -> bytes:
    comment = await find_in_thread(connection, thread.id, comment_id)
    if comment is None or not is_listed(comment, caller):
        return b""
    return await page_containing(connection, comment, order=query.order, limit=query.limit, reader_id=caller.reader_id)


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


async def _name_parents(
    connection: AsyncConnection,
    roots: list[Branch],
    comments: Sequence[Comment],
    reader: Caller,
    *,
    other_page: str,
    locale: str,
) -> None:
    """Set ``answers`` of the replies that are not right below their parent: at the maximum depth, where they are
    not indented, or first on a page.

    Parents on other pages take one query. ``other_page`` is the URL of such a page, up to its query.
    """
    replies = list(_replies_apart(roots, None))
    here = {comment.id: comment for comment in comments}
    elsewhere = await read_without_texts(connection, {parent for _, parent in replies} - here.keys())
    for branch, parent_id in replies:
        if parent := here.get(parent_id) or elsewhere.get(parent_id):
            author = view_for(parent, reader, locale=locale).author if is_listed(parent, reader) else None
            page = "" if parent_id in here else f"{other_page}comment={parent_id}"
            branch.answers = Answered(author.name if author else None, f"{page}#comment-{parent_id}")


def _replies_apart(branches: list[Branch], above: UUID | None, level: int = 0) -> Iterator[tuple[Branch, UUID]]:
    """Yield the replies that do not appear right below their parent, with its id."""
    for place, branch in enumerate(branches):
        parent = branch.comment.parent_id
        if parent and (parent != above or (place and level >= NOT_INDENTED)):
            yield branch, parent
        yield from _replies_apart(branch.replies, branch.comment.id, level + 1)


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


def in_reading_order(branches: list[Branch], *, is_root: bool = True) -> Iterator[tuple[Branch, bool, int]]:
    """Yield each branch, whether it is a root, and the number of lists of replies that end after it.

    A branch with replies ends no list: its last reply does.
    """
    for place, branch in enumerate(branches):
        is_last = not is_root and place == len(branches) - 1
        if not branch.replies:
            yield branch, is_root, int(is_last)
            continue
        yield branch, is_root, 0
        *replies, last = in_reading_order(branch.replies, is_root=False)
        yield from replies
        yield last[0], last[1], last[2] + is_last


def find_branch(branches: list[Branch], comment_id: UUID | None) -> Branch | None:
    """Return a comment's branch at any depth of ``branches``, or None."""
    for branch in branches if comment_id else ():
        if branch.comment.id == comment_id:
            return branch
        if found := find_branch(branch.replies, comment_id):
            return found
    return None
