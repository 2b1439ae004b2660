"""Request and response structs of decisions and appeals."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.comments.model import State
from service.conversation.threads.wire import Instant, Reason, SectionQuery
from service.moderation.decisions.decide import Action
from service.platform.wire import Body

Article = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)")]
Limit = Annotated[int, Meta(ge=1, le=200)]


class CommentRevision(Body):
    """A comment, and its revision when the moderator saw it."""

    id: UUID
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class DecisionIn(Body):
    """One action on one or more comments."""

    action: Action
    comments: Annotated[list[CommentRevision], Meta(min_length=1, max_length=500)]
    reason: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    note: Reason | None = None


class DecisionsQuery(SectionQuery):
    """Query of a page of the decision log."""

    comment: UUID | None = None
    article: Article | None = None
    reader: UUID | None = None
    by: Annotated[str, Meta(max_length=32, pattern=r"^[0-9a-z_]*$(?!\n)")] | None = None
    automated: Literal["true", "false"] | None = None
    since: Instant | None = None
    until: Instant | None = None
    limit: Limit = 50
    cursor: str | None = None


class DecidedBy(msgspec.Struct):
    """Who decided: an API key, a moderator with name, the operator, the author of the comment, or a rule."""

    kind: Literal["key", "moderator", "operator", "author", "rule"]
    id: str | None
    name: str | None


class DecisionOut(msgspec.Struct):
    """A decision and its target; for a comment also the revision and the states before and after."""

    id: UUID
    action: Literal[
        "publish",
        "hold",
        "reject",
        "spam",
        "delete",
        "restore",
        "feature",
        "unfeature",
        "undo",
        "appeal",
        "close",
        "reopen",
        "mode",
        "ban",
        "unban",
        "hold-reader",
        "unhold-reader",
        "trust-reader",
        "untrust-reader",
        "note-reader",
        "unnote-reader",
        "erase-reader",
        "rules",
        "settings",
        "add-key",
        "revoke-key",
        "add-moderator",
        "change-moderator",
        "remove-moderator",
        "add-endpoint",
        "change-endpoint",
        "remove-endpoint",
    ]
    comment_id: UUID | None
    article: str | None
    reader_id: UUID | None
    ban_id: UUID | None
    before: State | None
    after: State | None
    revision: int | None
    reason: str | None
    note: str | None
    decided_by: DecidedBy
    decided_at: datetime


class Decisions(msgspec.Struct):
    """A page of decisions, newest first, and the cursor of the next page."""

    decisions: list[DecisionOut]
    next: str | None


class Result(msgspec.Struct):
    """The result for one comment: its state and revision, or the problem that prevented the decision."""

    id: UUID
    state: State | UnsetType = UNSET
    revision: int | UnsetType = UNSET
    problem: dict[str, Any] | UnsetType = UNSET


class Results(msgspec.Struct):
    """The results, in the order requested."""

    results: list[Result]


class AppealIn(Body):
    """The author's optional note to the moderator."""

    note: Annotated[str, Meta(min_length=1, max_length=300)] | None = None
