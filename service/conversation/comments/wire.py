"""Request and response structs of comments."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.comments.model import AuthorRole, State
from service.conversation.comments.statement_of_reasons import Statement
from service.conversation.screening.findings import Action, Finding, Rule
from service.conversation.threads.wire import ThreadOut
from service.platform.languages.messages import choose_language, sentence
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


class PreviewIn(Body):
    """A text that its author has not posted yet."""

    body: Text


class Preview(msgspec.Struct):
    """A text as it would look when it is posted."""

    html: str


class PageQuery(Body):
    """Query of a page of comments."""

    order: Literal["oldest", "newest"] = "oldest"
    featured: bool = False
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class CommentBySourceQuery(Body):
    """The comment's id in the system it was imported from, such as ``wordpress:57``."""

    source: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[a-z0-9]+:.+$(?!\n)")]


class OwnCommentsQuery(Body):
    """Query of a page of a reader's own comments."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class AuthorOut(msgspec.Struct):
    """The author, as everyone sees it."""

    name: str
    url: str | None
    role: AuthorRole
    avatar: str | None


class FindingOut(msgspec.Struct):
    """A finding on a comment, with its message; ``shadow`` findings have no effect. ``score`` is the webhook's."""

    rule: Rule
    action: Action
    matched: str | None
    message: str
    shadow: bool
    score: float | None


class CommentOut(msgspec.Struct):
    """A comment; a tombstone has no author and no html.

    ``body``, the Markdown, is for the author and moderators. ``findings`` are for moderators who get this one comment.
    ``status_reasons`` tell the author why it is not published, and ``statement`` who decided that and how to appeal.
    Spam found only by rules appears to its author as pending. ``featured`` is true if editors picked it, else omitted.
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
    statement: Statement | UnsetType = UNSET
    featured: bool | UnsetType = UNSET


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


class OwnComment(msgspec.Struct):
    """A comment as its author sees it, and the article that it is about."""

    comment: CommentOut
    article: str
    title: str
    url: str | None


class OwnComments(msgspec.Struct):
    """A page of a reader's own comments, newest first, and the cursor of the next page."""

    comments: list[OwnComment]
    next: str | None


class Permalink(msgspec.Struct):
    """A comment, its article, its ``number`` in the thread, and the cursor of the page (oldest first) it begins."""

    comment: CommentOut
    article: str
    number: int
    cursor: str | None


def finding_out(finding: Finding, *, locale: str) -> FindingOut:
    """Return ``finding`` with its message in ``locale``, for a moderator."""
    own = choose_language(finding.messages, locale)
    message = own or sentence("finding", finding.rule.value, locale=locale)
    return FindingOut(finding.rule, finding.action, finding.matched, message, finding.shadow, finding.score)
