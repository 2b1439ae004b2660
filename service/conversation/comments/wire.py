"""Request and response structs of comments."""

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
    """The author, as a guest fills it in."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    email: Annotated[str, Meta(max_length=254)] | None = None
    url: Annotated[str, Meta(max_length=2000)] | None = None


class FormIn(Body):
    """How the page's form was filled in."""

    honeypot: Annotated[str, Meta(max_length=1000)] = ""
    seconds: Annotated[float, Meta(ge=0, le=86_400 * 30)] | None = None


class PostIn(Body):
    """A comment on the article, or with ``parent_id`` a reply to another comment. ``body`` is Markdown.

    ``author`` is for guests; a reader with a host token can set only ``url``.
    """

    body: Text
    author: AuthorIn | None = None
    parent_id: UUID | None = None
    form: FormIn | None = None


class EditIn(Body):
    """The author's new text."""

    body: Text


class PageQuery(Body):
    """Query of a page of comments."""

    order: Literal["oldest", "newest"] = "oldest"
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class AuthorOut(msgspec.Struct):
    """The author, as everyone sees it."""

    name: str
    url: str | None
    role: AuthorRole
    avatar: str | None


class FindingOut(msgspec.Struct):
    """A finding on a comment, with its message."""

    rule: Rule
    action: Action
    matched: str | None
    message: str


class CommentOut(msgspec.Struct):
    """A comment; a tombstone has no author and no html.

    ``body``, the Markdown, is for the author and moderators. ``findings`` are for moderators who get this one comment.
    ``status_reasons`` tell the author why it is not published. Spam found only by rules appears to its author as
    pending.
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
    """The result of a post: the comment as its author sees it, and its thread.

    A reader with a host token gets no ``author_token``: the host signs them in again.
    """

    comment: CommentOut
    thread: ThreadOut
    author_token: str | None


class Page(msgspec.Struct):
    """A page of a thread's comments in reading order, and the cursor of the next page."""

    thread: ThreadOut
    comments: list[CommentOut]
    next: str | None


class Permalink(msgspec.Struct):
    """A comment, its article, and the cursor of the page (oldest first) that begins with it."""

    comment: CommentOut
    article: str
    place: int
    cursor: str | None


def finding_out(finding: Finding, *, locale: str) -> FindingOut:
    """Return ``finding`` with its message in ``locale``, for a moderator."""
    return FindingOut(
        finding.rule, finding.action, finding.matched, sentence("finding", finding.rule.value, locale=locale)
    )


NOT_YET = (State.PENDING, State.REJECTED, State.SPAM)


def status_reasons_of(comment: Comment, findings: Sequence[Finding], rules: Rules, *, locale: str) -> list[str]:
    """Return the reasons why ``comment`` is not published, for its author, in as much detail as the site allows."""
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
    """Return the state that the author sees.

    Spam found by rules, without a moderator's decision, appears as pending: spammers would learn from it.
    """
    by_rules = comment.state is State.SPAM and comment.reports is not None
    return State.PENDING if by_rules else comment.state


def public_comment(comment: Comment) -> CommentOut:
    """Return the view of ``comment`` for every reader: a tombstone unless it is published.

    The decision on it stays between the site and its author, so every tombstone has the state ``deleted``.
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
    """Return the view of ``comment`` for an event: its true state, and its text only while it is public."""
    out = public_comment(comment)
    out.state = comment.state
    return out


def own_comment(comment: Comment) -> CommentOut:
    """Return the view of ``comment`` for its author; once it is deleted, even they no longer see the text."""
    if comment.state is State.DELETED:
        return told_comment(comment)
    out = judged_comment(comment)
    out.state = state_for_author(comment)
    return out


def judged_comment(comment: Comment) -> CommentOut:
    """Return the view of ``comment`` for the site's moderators, in any state."""
    if comment.state is State.DELETED and not comment.body:
        return told_comment(comment)  # its author deleted it, so nobody sees the text
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
