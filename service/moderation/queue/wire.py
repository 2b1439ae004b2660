"""The review queue and claims as they go over the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from service.conversation.comments.wire import CommentOut
from service.conversation.screening.findings import Rule
from service.conversation.threads.wire import Instant
from service.moderation.queue.review_queue import Order, Queued
from service.platform.wire import Body, Timed

Article = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)")]
Limit = Annotated[int, Meta(ge=1, le=200)]


class QueueQuery(Timed):
    """Which comments to hand to a moderator."""

    state: Queued = "pending"
    article: Article | None = None
    rule: Rule | None = None
    reader: UUID | None = None
    since: Instant | None = None
    until: Instant | None = None
    q: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    order: Order = "oldest"
    limit: Limit = 50
    cursor: str | None = None


class ClaimIn(Body):
    """How many comments to be handed, and which."""

    limit: Annotated[int, Meta(ge=1, le=50)] = 10
    state: Literal["pending", "reported"] = "pending"
    article: Article | None = None
    rule: Rule | None = None


class ClaimOut(msgspec.Struct):
    """Who has a comment before them, and until when nobody else is handed it."""

    by: str
    until: datetime


class QueuedOut(msgspec.Struct):
    """A comment with what was found in it, by whom it was reported how often, and the article that it stands under."""

    comment: CommentOut
    reader_id: UUID
    article: str
    title: str
    reports: dict[str, int]
    claim: ClaimOut | None


class QueuePage(msgspec.Struct):
    """Some comments, how many wait in all, how many were reported, and the cursor of those that follow."""

    pending: int
    reported: int
    comments: list[QueuedOut]
    next: str | None


class Claimed(msgspec.Struct):
    """The comments that were handed out."""

    comments: list[QueuedOut]
