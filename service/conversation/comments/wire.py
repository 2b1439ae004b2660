"""Comments as they go over the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.comments.model import AuthorRole, Comment, State
from service.conversation.screening.findings import Action, Finding, Rule
from service.conversation.threads.wire import ThreadOut
from service.platform.languages.messages import catalogue, sentence
from service.platform.sites.site_rules import Rules
from service.platform.wire import Body

Text = Annotated[str, Meta(min_length=1, max_length=10_000)]


class AuthorIn(Body):
    """Who posts, as a guest says of themselves."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    email: Annotated[str, Meta(max_length=254)] | None = None
    url: Annotated[str, Meta(max_length=2000)] | None = None


class FormIn(Body):
    """What the page's form tells of how it was filled in."""

    honeypot: Annotated[str, Meta(max_length=1000)] = ""
    seconds: Annotated[float, Meta(ge=0, le=86_400 * 30)] | None = None


class PostIn(Body):
    """A reply: to the article, or with ``parent_id`` to another comment. ``body`` is Markdown.

    ``author`` is for guests; of a reader with a host token only ``url`` is taken.
    """

    body: Text
    author: AuthorIn | None = None
    parent_id: UUID | None = None
    form: FormIn | None = None


class EditIn(Body):
    """What the author would rather have written."""

    body: Text


class PageQuery(Body):
    """Which page of a thread to read."""

    order: Literal["oldest", "newest"] = "oldest"
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class AuthorOut(msgspec.Struct):
    """Who posted, as everybody may see."""

    name: str
    url: str | None
    role: AuthorRole
    avatar: str | None


class FindingOut(msgspec.Struct):
    """What a rule found in a comment, with a message that says so."""

    rule: Rule
    action: Action
    matched: str | None
    message: str


class CommentOut(msgspec.Struct):
    """A comment; a tombstone has neither author nor html.

    ``body``, the Markdown, is for its author and moderators; ``findings`` for moderators who ask for this comment;
    ``status_reasons`` tell its author why it is not published; what only the rules took for spam is pending to them.
    """

    id: UUID
    parent_id: UUID | None
    depth: int
    state: State
    author: AuthorOut | None
    html: str | None
    created_at: datetime
    edited_at: datetime | None
    revision: int
    body: str | UnsetType = UNSET
    findings: list[FindingOut] | UnsetType = UNSET
    status_reasons: list[str] | UnsetType = UNSET


class Posted(msgspec.Struct):
    """What came of a post: the comment as its author sees it, and the thread it joined.

    A reader with a host token gets no ``author_token``: the host signs them in again.
    """

    comment: CommentOut
    thread: ThreadOut
    author_token: str | None


class Page(msgspec.Struct):
    """Some comments of a thread in reading order, and the cursor of those that follow."""

    thread: ThreadOut
    comments: list[CommentOut]
    next: str | None


class Permalink(msgspec.Struct):
    """A comment, its thread's article, and the cursor of the page (oldest first) that begins with it."""

    comment: CommentOut
    article: str
    place: int
    cursor: str | None


def finding_out(finding: Finding, *, locale: str) -> FindingOut:
    """``finding`` for a moderator who reads ``locale``."""
    return FindingOut(
        finding.rule, finding.action, finding.matched, sentence("finding", finding.rule.value, locale=locale)
    )


NOT_YET = (State.PENDING, State.REJECTED, State.SPAM)


def status_reasons_of(comment: Comment, findings: Sequence[Finding], rules: Rules, *, locale: str) -> list[str]:
    """Why ``comment`` is not published, for its author, in the words that the site allows."""
    if comment.state is State.REJECTED or (comment.state is State.SPAM and comment.reports is None):
        return [sentence("author", "rejected", locale=locale)]
    known = catalogue("en")["author"]
    keys = [
        finding.rule.value if rules.explain_to_author and finding.rule in known else "look"
        for finding in findings
        if finding.action != "publish"
    ]
    return [sentence("author", key, locale=locale) for key in dict.fromkeys(keys or ["look"])]


def state_for_author(comment: Comment) -> State:
    """The state of ``comment`` as its author is told it.

    What the rules took for spam, and no moderator has judged, is told as pending: programs would learn from it.
    """
    by_rules = comment.state is State.SPAM and comment.reports is not None
    return State.PENDING if by_rules else comment.state


def public_comment(comment: Comment) -> CommentOut:
    """``comment`` as every reader may see it: a tombstone unless it is published.

    How it was judged stays between the site and its author, so every tombstone's state is ``deleted``.
    """
    if comment.state is State.PUBLISHED:
        return _whole(comment)
    return CommentOut(
        id=comment.id,
        parent_id=comment.parent_id,
        depth=comment.depth,
        state=State.DELETED,
        author=None,
        html=None,
        created_at=comment.created_at,
        edited_at=None,
        revision=comment.revision,
    )


def told_comment(comment: Comment) -> CommentOut:
    """``comment`` as an event tells it: its true state, and what was written only while that is public."""
    out = public_comment(comment)
    out.state = comment.state
    return out


def own_comment(comment: Comment) -> CommentOut:
    """``comment`` as its author sees it; once it is deleted, by whomever, not even they see what it said."""
    if comment.state is State.DELETED:
        return told_comment(comment)
    out = judged_comment(comment)
    out.state = state_for_author(comment)
    return out


def judged_comment(comment: Comment) -> CommentOut:
    """``comment`` as the site's moderators see it, in whatever state."""
    if comment.state is State.DELETED and not comment.body:
        return told_comment(comment)  # its author took the words back, for everybody
    out = _whole(comment)
    out.body = comment.body
    return out


def _whole(comment: Comment) -> CommentOut:
    return CommentOut(
        id=comment.id,
        parent_id=comment.parent_id,
        depth=comment.depth,
        state=comment.state,
        author=AuthorOut(comment.author_name, comment.author_url, comment.author_role, comment.author_avatar),
        html=comment.html,
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        revision=comment.revision,
    )
