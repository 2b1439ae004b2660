"""Request and response structs of the review queue and claims."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from service.conversation.comments.model import State
from service.conversation.comments.wire import CommentOut
from service.conversation.screening.findings import Rule
from service.conversation.threads.wire import Instant, SectionQuery
from service.moderation.measures.wire import MeasureOut
from service.moderation.queue.review_queue import Order, QueueState

Article = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)")]
Limit = Annotated[int, Meta(ge=1, le=200)]


class QueueQuery(SectionQuery):
    """Query of a page of the review queue."""

    state: QueueState = "pending"
    article: Article | None = None
    rule: Rule | None = None
    reader: UUID | None = None
    since: Instant | None = None
    until: Instant | None = None
    q: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    order: Order = "oldest"
    limit: Limit = 50
    cursor: str | None = None


class ClaimIn(SectionQuery):
    """How many comments to claim, and a filter on them."""

    limit: Annotated[int, Meta(ge=1, le=50)] = 10
    state: Literal["pending", "reported"] = "pending"
    article: Article | None = None
    rule: Rule | None = None


class ClaimOut(msgspec.Struct):
    """The holder of a claim, and its end."""

    by: str
    until: datetime


class ParentExcerptOut(msgspec.Struct):
    """The comment that is answered: the start of its text, in any state; empty if it was deleted for good."""

    id: UUID
    state: State
    author_name: str
    excerpt: str


class VersionOut(msgspec.Struct):
    """An earlier text of the comment, as Markdown, its revision, and when it was replaced."""

    revision: int
    body: str
    replaced_at: datetime


class MarkOut(msgspec.Struct):
    """Where the match of a finding stands, in characters of the comment's ``body`` or its author's ``name``."""

    rule: Rule
    field: Literal["body", "name"]
    start: int
    end: int


class AuthorRecordOut(msgspec.Struct):
    """The author's latest comments by state, at most 100, the reports on them, and the newest measures."""

    comments: dict[str, int]
    reports: int
    first_at: datetime
    measures: list[MeasureOut]


class QueuedOut(msgspec.Struct):
    """A complete card: a comment with its findings, reports, article, parent, earlier versions, author and claim."""

    comment: CommentOut
    reader_id: UUID
    article: str
    title: str
    section: str | None
    url: str | None
    parent: ParentExcerptOut | None
    marks: list[MarkOut]
    versions: list[VersionOut]
    reports: dict[str, int]
    author: AuthorRecordOut
    appealed: bool
    claim: ClaimOut | None


class QueuePage(msgspec.Struct):
    """A page of comments, the total numbers of pending and reported ones, and the cursor of the next page."""

    pending: int
    reported: int
    comments: list[QueuedOut]
    next: str | None


class Claimed(msgspec.Struct):
    """The comments that were claimed."""

    comments: list[QueuedOut]
