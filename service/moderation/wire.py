"""Decisions as they go over the wire."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.comments.model import State
from service.comments.wire import CommentOut, FindingOut
from service.moderation.deciding import Verdict
from service.moderation.queueing import Order, Queued
from service.moderation.recalling import Decision
from service.screening.findings import Rule
from service.screening.findings import Verdict as RuleVerdict
from service.sites.rules import Rules
from service.threads.wire import Reason
from service.web.decoding import Body


class JudgedIn(Body):
    """A comment, and the revision of it that the moderator saw."""

    id: UUID
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class DecisionIn(Body):
    """One verdict on one or many comments."""

    verdict: Verdict
    comments: Annotated[list[JudgedIn], Meta(min_length=1, max_length=500)]
    reason: Reason | None = None


class QueueQuery(Body):
    """Which comments to hand to a moderator."""

    state: Queued = "pending"
    article: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    rule: Rule | None = None
    order: Order = "oldest"
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class QueuedOut(msgspec.Struct):
    """A comment with what was found in it, and the article that it stands under."""

    comment: CommentOut
    article: str
    title: str


class QueuePage(msgspec.Struct):
    """Some comments, how many wait in all, and the cursor of those that follow."""

    pending: int
    comments: list[QueuedOut]
    next: str | None


class DecisionsQuery(Body):
    """Which decisions to tell."""

    comment: UUID | None = None
    by: Annotated[str, Meta(max_length=12)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class Decisions(msgspec.Struct):
    """Some decisions, the newest first, and the cursor of those that follow."""

    decisions: list[Decision]
    next: str | None


class TryIn(Body):
    """Rules to be tried on the ``last`` comments of the site."""

    rules: Rules
    last: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class Verdicts(msgspec.Struct):
    """How many comments get which verdict."""

    published: int
    pending: int
    refused: int


class Differing(msgspec.Struct):
    """A comment that would have been judged differently; ``excerpt`` is how it begins."""

    id: UUID
    article: str
    state: State
    excerpt: str
    before: RuleVerdict
    after: RuleVerdict
    findings: list[FindingOut]


class Tried(msgspec.Struct):
    """What the rules tried would have changed: verdicts before and after, and the newest comments that differ."""

    tried: int
    before: Verdicts
    after: Verdicts
    changed: int
    examples: list[Differing]


class Result(msgspec.Struct):
    """What became of one comment: its state and revision, or the problem that kept it as it was."""

    id: UUID
    state: State | UnsetType = UNSET
    revision: int | UnsetType = UNSET
    problem: dict[str, Any] | UnsetType = UNSET


class Results(msgspec.Struct):
    """The results, in the order asked."""

    results: list[Result]
