"""Decisions and appeals as they go over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.comments.model import State
from service.conversation.threads.wire import Instant, Reason
from service.moderation.decisions.decide import Action
from service.platform.wire import Body, Timed

Article = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)")]
Limit = Annotated[int, Meta(ge=1, le=200)]


class JudgedIn(Body):
    """A comment, and the revision of it that the moderator saw."""

    id: UUID
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class DecisionIn(Body):
    """One action on one or many comments."""

    action: Action
    comments: Annotated[list[JudgedIn], Meta(min_length=1, max_length=500)]
    reason: Reason | None = None


class DecisionsQuery(Timed):
    """Which decisions to tell."""

    comment: UUID | None = None
    article: Article | None = None
    reader: UUID | None = None
    by: Annotated[str, Meta(max_length=12, pattern=r"^[0-9a-f]*$(?!\n)")] | None = None
    since: Instant | None = None
    until: Instant | None = None
    limit: Limit = 50
    cursor: str | None = None


class DecidedBy(msgspec.Struct):
    """Who decided: the holder of a key, a moderator by name, or whoever runs the installation."""

    kind: Literal["key", "moderator", "operator"]
    id: str | None
    name: str | None


class DecisionOut(msgspec.Struct):
    """One decision, on what it names; of a comment also which revision was judged, from which state to which."""

    id: UUID
    action: Literal[
        "publish",
        "reject",
        "spam",
        "delete",
        "restore",
        "undo",
        "close",
        "reopen",
        "ban",
        "unban",
        "rules",
        "settings",
    ]
    comment_id: UUID | None
    article: str | None
    reader_id: UUID | None
    ban_id: UUID | None
    before: State | None
    after: State | None
    revision: int | None
    reason: str | None
    decided_by: DecidedBy
    decided_at: datetime


class Decisions(msgspec.Struct):
    """Some decisions, the newest first, and the cursor of those that follow."""

    decisions: list[DecisionOut]
    next: str | None


class Result(msgspec.Struct):
    """What became of one comment: its state and revision, or the problem that kept it as it was."""

    id: UUID
    state: State | UnsetType = UNSET
    revision: int | UnsetType = UNSET
    problem: dict[str, Any] | UnsetType = UNSET


class Results(msgspec.Struct):
    """The results, in the order asked."""

    results: list[Result]


class AppealIn(Body):
    """What the author has to say to the moderator, if anything."""

    note: Annotated[str, Meta(min_length=1, max_length=300)] | None = None
