"""The decision log: each decision is recorded in the transaction that applies it and never changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.events.model import DecisionRow
from service.platform.storage.portable import insert_many


class Actor(NamedTuple):
    """Who decides: an API key, a moderator with an account, the operator, the comment's author, or a rule by its name.

    An author decides by deleting a reported comment or by an appeal.
    """

    kind: Literal["key", "moderator", "operator", "author", "rule"]
    id: str | None


PEOPLE = ("key", "moderator", "operator")  # the kinds of actors who decide; authors and rules go on without them
OPERATOR, AUTHOR = Actor("operator", None), Actor("author", None)
MEASURES = ("hold-reader", "unhold-reader", "trust-reader", "untrust-reader", "note-reader", "unnote-reader")
ERASE_READER = "erase-reader"
ACCESS = ("add-key", "revoke-key", "add-moderator", "change-moderator", "remove-moderator")
ENDPOINTS = ("add-endpoint", "change-endpoint", "remove-endpoint")
_ON_READERS = ("ban", "unban", *MEASURES, ERASE_READER)
OTHER_ACTIONS = ("close", "reopen", "mode", *_ON_READERS, "rules", "settings", *ACCESS, *ENDPOINTS)
UNDO_WINDOW = timedelta(minutes=10)  # in which a decision on a comment can be undone


class NewDecision(NamedTuple):
    """A decision to record; fields that do not apply are None. Without an ``id`` it gets one."""

    site_id: int
    action: str
    by: Actor
    comment_id: UUID | None = None
    thread_id: int | None = None
    reader_id: UUID | None = None
    ban_id: UUID | None = None
    before: str | None = None
    after: str | None = None
    revision: int | None = None
    reports: int | None = None
    reason: str | None = None
    note: str | None = None
    waited_ms: int | None = None
    id: UUID | None = None


async def record_decisions(connection: AsyncConnection, decisions: Sequence[NewDecision], *, now: datetime) -> None:
    """Write ``decisions`` to the decision log, in order."""
    await insert_many(connection, DecisionRow, [_row(decision, now) for decision in decisions])


def _row(decision: NewDecision, now: datetime) -> dict[str, Any]:
    row = decision._asdict()
    by: Actor = row.pop("by")
    return {**row, "id": decision.id or clock.new_id(), "by_kind": by.kind, "decided_by": by.id, "decided_at": now}
