"""What the log says moderators judged, for a classifier to learn from.

A decision is known by its event: it judged the comment's revision before the one that the event tells, and left it in
the state that it tells. What arrives, is edited or is reported has no decision.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.events.event_types import EventType
from service.platform.events.model import DecisionRow, EventRow
from service.platform.events.read_log import head_position
from service.platform.storage.portable import any_of, rows_given

READ_AT_ONCE = 500  # events
TEACHES = {"spam": True, "publish": False, "restore": False}
_TELLING = (
    EventType.COMMENT_PUBLISHED,
    EventType.COMMENT_HELD,
    EventType.COMMENT_REJECTED,
    EventType.COMMENT_SPAM,
    EventType.COMMENT_DELETED,
    EventType.COMMENT_RESTORED,
)


class JudgedComment(NamedTuple):
    """A comment whose last judgement, told at ``position``, left it at ``revision`` and taught this, or nothing."""

    comment_id: UUID
    revision: int
    position: int
    spam: bool | None


class Reading(NamedTuple):
    """What the log says up to ``position``, and whether there may be more to read."""

    judged: list[JudgedComment]
    position: int
    more: bool


class _Comment(msgspec.Struct):
    id: UUID
    state: str
    revision: int


class _Told(msgspec.Struct):
    comment: _Comment


_decode = msgspec.json.Decoder(_Told).decode


async def read_judged(connection: AsyncConnection, site_id: int, *, after: int) -> Reading:
    """What the next events of the site's log after a position say was judged, each comment once."""
    head = await head_position(connection, site_id)
    statement = (
        select(EventRow.position, EventRow.type, EventRow.data)
        .where(EventRow.site_id == site_id, EventRow.position > after, EventRow.type.in_(_TELLING))
        .order_by(EventRow.position)
        .limit(READ_AT_ONCE)
    )
    events = [(row.position, row.type, _decode(row.data).comment) for row in await connection.execute(statement)]
    actions = await _read_actions(connection, [(comment.id, comment.revision - 1) for _, _, comment in events])
    judged: dict[UUID, JudgedComment] = {}
    for position, type_, comment in events:
        action = actions.get((comment.id, comment.revision - 1, comment.state))
        if action or type_ == EventType.COMMENT_DELETED:  # which an author needs no decision for
            spam = TEACHES.get(action) if action else None
            judged[comment.id] = JudgedComment(comment.id, comment.revision, position, spam)
    if len(events) == READ_AT_ONCE:
        return Reading([*judged.values()], events[-1][0], more=True)
    return Reading([*judged.values()], max([head, *(position for position, _, _ in events)]), more=False)


async def _read_actions(
    connection: AsyncConnection, revisions: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID | None, int | None, str | None], str]:
    """The actions on ``revisions`` of comments, by the state that they left the comment in too."""
    if not revisions:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_actions(dialect), rows_given(dialect, revisions))
    return {(row.comment_id, row.revision, row.after): row.action for row in rows}


@lru_cache
def _actions(dialect: str) -> Select[*tuple[Any, ...]]:
    row = DecisionRow
    decided = any_of(dialect, row.comment_id, row.revision)
    return select(row.comment_id, row.revision, row.after, row.action).where(decided)
