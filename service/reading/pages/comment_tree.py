"""The comments of a page as a tree. Comments on earlier pages above its first one stand in it with a line each."""

import re
from collections.abc import Iterator, Sequence
from html import unescape
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import read_without_texts
from service.conversation.comments.model import Comment
from service.conversation.comments.visibility import is_listed, public_view, view_for
from service.conversation.comments.wire import CommentOut
from service.platform.access.caller import Caller

TAG = re.compile(r'<(?:"[^"]*(?:"|$)|[^>"])*(?:>|$)')
INLINE = re.compile(r"</?(?:a|b|code|del|em|i|q|s|strike|strong)\b")
BLOCK = re.compile(r"<(?:br|li|p|pre)\b")
EXCERPT = 120  # characters
LONG = 2400  # characters of HTML: about 25 lines
MANY_LINES = 24


class Answered(msgspec.Struct):
    """The comment that a reply answers: its author's ``name``, None if it was removed, and its ``url``.

    The URL is a fragment if the comment is on the same page, else below the base URL. ``is_apart``: the reply does not
    stand below it in the tree, because of the maximum depth.
    """

    name: str | None
    url: str
    is_apart: bool = False


class Branch(msgspec.Struct):
    """A comment with its replies. ``own``: the viewer wrote it; ``may_edit``: its edit window is open.

    ``old_id`` is its id in the system it was imported from. ``answers`` is its parent. A comment of an earlier page has
    an ``excerpt``: the beginning of its text, empty if it was removed.
    """

    comment: CommentOut
    own: bool = False
    may_edit: bool = False
    old_id: str | None = None
    answers: Answered | None = None
    excerpt: str | None = None
    replies: list["Branch"] = []


def branch_above(comment: Comment, *, other_page: str, locale: str, reader: Caller) -> Branch:
    """Return the line of a comment of an earlier page, with its link; ``other_page`` is the URL up to its query."""
    out = view_for(comment, reader, locale=locale) if is_listed(comment, reader) else public_view(comment)
    url = f"{other_page}comment={comment.id}#comment-{comment.id}"
    excerpt = excerpt_of(out.html or "")
    return Branch(out, answers=Answered(out.author.name if out.author else None, url), excerpt=excerpt)


def excerpt_of(html: str) -> str:
    """Return the beginning of a comment's text, on one line; ``html`` may end in the middle of a tag or character."""
    plain = TAG.sub(lambda tag: "" if INLINE.match(tag[0]) else " ", html)
    text = " ".join(unescape(re.sub(r"&\w*$", "", plain)).split())
    if len(text) <= EXCERPT:
        return text
    words = text[:EXCERPT].rpartition(" ")[0]
    return (words if len(words) > EXCERPT // 2 else text[:EXCERPT]) + "…"


def is_long(html: str) -> bool:
    """Whether a comment is so long that only its beginning is shown at first."""
    return len(html) > LONG or len(BLOCK.findall(html)) > MANY_LINES


def build_tree(branches: Sequence[Branch]) -> list[Branch]:
    """Build the tree from ``branches`` in reading order."""
    roots: list[Branch] = []
    above: list[Branch] = []
    for branch in branches:
        while above and above[-1].comment.depth >= branch.comment.depth:
            above.pop()
        (above[-1].replies if above else roots).append(branch)
        above.append(branch)
    return roots


async def name_parents(
    connection: AsyncConnection, roots: list[Branch], *, other_page: str, locale: str, reader: Caller
) -> None:
    """Set ``answers`` of all replies. Parents that are neither on the page nor above it take one query."""
    shown = {branch.comment.id: branch for branch, _ in in_reading_order(roots)}
    replies = [each for each in _with_parents(roots, None) if each[0].excerpt is None]
    far = await read_without_texts(connection, {parent for _, parent, _ in replies} - shown.keys())
    for branch, parent, above in replies:
        if known := shown.get(parent):
            author, is_here = known.comment.author, known.excerpt is None
        elif found := far.get(parent):
            author = view_for(found, reader, locale=locale).author if is_listed(found, reader) else None
            is_here = False
        else:
            continue
        page = "" if is_here else f"{other_page}comment={parent}"
        branch.answers = Answered(author.name if author else None, f"{page}#comment-{parent}", parent != above)


def _with_parents(branches: list[Branch], above: UUID | None) -> Iterator[tuple[Branch, UUID, UUID | None]]:
    """Yield the replies, each with its parent and the comment that it stands below."""
    for branch in branches:
        if branch.comment.parent_id:
            yield branch, branch.comment.parent_id, above
        yield from _with_parents(branch.replies, branch.comment.id)


def in_reading_order(branches: list[Branch], parent: Branch | None = None) -> Iterator[tuple[Branch, list[Branch]]]:
    """Yield each branch, and the branches whose lists of replies end after it.

    A branch with replies ends no list: its last reply does.
    """
    for place, branch in enumerate(branches):
        ended = [parent] if parent and place == len(branches) - 1 else []
        if not branch.replies:
            yield branch, ended
            continue
        yield branch, []
        *replies, last = in_reading_order(branch.replies, branch)
        yield from replies
        yield last[0], [*last[1], *ended]


def count_replies(branch: Branch) -> int:
    """Count the published replies below ``branch`` that the page shows, at any depth."""
    return sum((each.comment.state == "published") + count_replies(each) for each in branch.replies)


def find_branch(branches: list[Branch], comment_id: UUID | None) -> Branch | None:
    """Return a comment's branch at any depth of ``branches``, or None."""
    for branch in branches if comment_id else ():
        if branch.comment.id == comment_id and branch.excerpt is None:
            return branch
        if found := find_branch(branch.replies, comment_id):
            return found
    return None
