"""Read moderators' decisions from the log, to train the spam filter.

A decision is matched to its event: it applied to the revision before the event's, and led to the event's state. Events
of new, edited or reported comments have no decision; an edit takes back the example that its old text gave.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import takewhile
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.events.event_types import EventType
from service.platform.events.model import DecisionRow, EventRow
from service.platform.events.read_log import head_position
from service.platform.storage.portable import any_of, row_parameters

BATCH = 500  # events
# The label by action: spam or not. Other actions give no training example.
SPAM_LABELS = {"spam": True, "publish": False, "restore": False}
_STATE_EVENTS = (
    EventType.COMMENT_PUBLISHED,
    EventType.COMMENT_HELD,
    EventType.COMMENT_EDITED,
    EventType.COMMENT_REJECTED,
    EventType.COMMENT_SPAM,
    EventType.COMMENT_DELETED,
    EventType.COMMENT_RESTORED,
)


class DecidedComment(NamedTuple):
    """A comment's last decision, with the revision after it and the position of its event.

    ``spam`` is the label for training; None if the decision gives no example.
    """

    comment_id: UUID
    revision: int
    position: int
    spam: bool | None


class DecisionBatch(NamedTuple):
    """The decisions up to ``position``, and whether there may be more."""

    decided: list[DecidedComment]
    position: int
    has_more: bool


class _Comment(msgspec.Struct):
    id: UUID
    state: str
    revision: int
    edited_at: datetime | None


class _EventData(msgspec.Struct):
    comment: _Comment


_decode = msgspec.json.Decoder(_EventData).decode


async def read_decided_comments(
    connection: AsyncConnection, site_id: int, *, after: int, until: datetime | None = None
) -> DecisionBatch:
    """Read the decisions in the site's next events after a position; each comment once, with its last decision.

    It stops before the first event that is not before ``until``.
    """
    head = await head_position(connection, site_id)
    statement = (
        select(EventRow.position, EventRow.type, EventRow.occurred_at, EventRow.data)
        .where(EventRow.site_id == site_id, EventRow.position > after, EventRow.type.in_(_STATE_EVENTS))
        .order_by(EventRow.position)
        .limit(BATCH)
    )
    rows = (await connection.execute(statement)).all()
    settled = [*takewhile(lambda row: until is None or row.occurred_at < until, rows)]
    events = [(row, _decode(row.data).comment) for row in settled]
    actions = await _read_actions(connection, [(comment.id, comment.revision - 1) for _, comment in events])
    decided: dict[UUID, DecidedComment] = {}
    for (position, type_, occurred_at, _), comment in events:
        action = actions.get((comment.id, comment.revision - 1, comment.state))
        # An author deletes without a decision, or edits, and the words that the decision was about are gone.
        if action or type_ == EventType.COMMENT_DELETED or comment.edited_at == occurred_at:
            spam = SPAM_LABELS.get(action) if action else None
            decided[comment.id] = DecidedComment(comment.id, comment.revision, position, spam)
    if len(events) == BATCH:
        return DecisionBatch([*decided.values()], events[-1][0].position, has_more=True)
    if len(settled) < len(rows):
        return DecisionBatch([*decided.values()], settled[-1].position if settled else after, has_more=False)
    return DecisionBatch([*decided.values()], max([head, *(row.position for row, _ in events)]), has_more=False)


async def _read_actions(
    connection: AsyncConnection, revisions: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID | None, int | None, str | None], str]:
    """Return the actions on ``revisions`` of comments, by comment, revision and resulting state."""
    if not revisions:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_actions(dialect), row_parameters(dialect, revisions))
    return {(row.comment_id, row.revision, row.after): row.action for row in rows}


@lru_cache
def _actions(dialect: str) -> Select[*tuple[Any, ...]]:
    row = DecisionRow
    decided = any_of(dialect, row.comment_id, row.revision)
    by_person = row.by_kind != "rule"
    has_text = row.after != "deleted"  # a decision on a deleted comment is about its reports
    return select(row.comment_id, row.revision, row.after, row.action).where(decided, by_person, has_text)
