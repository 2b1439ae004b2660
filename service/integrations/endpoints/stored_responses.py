"""Erase what receivers responded to events about comments whose text is gone: they may have echoed it.

A response is stored only if the comment is published at the event's revision when the attempt is recorded. Every later
change of the comment is an event, and the sweep reads the log for them. Until the sweep, the API leaves the response
out (``deliveries.py``).
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, Update, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow, State
from service.integrations.endpoints.model import AttemptRow
from service.integrations.event_log.event_texts import CommentVersion
from service.platform.events.log_readers import has_more, read_next
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.portable import any_of, row_parameters

READER = "responses"
BATCH = 500  # events per transaction


async def lock_current(connection: AsyncConnection, about: Collection[CommentVersion]) -> set[CommentVersion]:
    """Return those of ``about`` that are published at that revision; they stay so until the transaction ends.

    A comment that another transaction is changing is left out, so this never waits for one.
    """
    if not about:
        return set()
    dialect = connection.dialect.name
    rows = await connection.execute(_lock(dialect), row_parameters(dialect, [(id_,) for id_ in {x.id for x in about}]))
    return {CommentVersion(row.id, row.revision) for row in rows} & set(about)


@lru_cache
def _lock(dialect: str) -> Select[*tuple[Any, ...]]:
    published = select(CommentRow.id, CommentRow.revision).where(
        any_of(dialect, CommentRow.id), CommentRow.state == State.PUBLISHED.value
    )
    return published.order_by(CommentRow.id).with_for_update(read=True, skip_locked=True)


def is_readable() -> ColumnElement[bool]:
    """Return the condition that the response of an attempt may be read."""
    return or_(AttemptRow.comment_id.is_(None), _is_current())


def _is_current() -> ColumnElement[bool]:
    return exists().where(
        and_(
            CommentRow.id == AttemptRow.comment_id,
            CommentRow.revision == AttemptRow.comment_revision,
            CommentRow.state == State.PUBLISHED.value,
        )
    )


async def erase_outdated_responses(database: Database, sites: Sequence[Site]) -> None:
    """Erase the responses about comments that changed since the last call."""
    for site in sites:
        has_events = True
        while has_events:
            async with database.read() as connection:
                if not await has_more(connection, site.id, READER):
                    break
            async with database.write() as connection:
                events = await read_next(connection, site.id, READER, limit=BATCH)
                ids = {data.comment.id for event in events if (data := _decode(event.data)).comment}
                await _erase(connection, ids, outdated_only=True)
                has_events = len(events) == BATCH


async def erase_responses(connection: AsyncConnection, ids: Collection[UUID]) -> None:
    """Erase the responses to events about the comments ``ids``, whose text is being erased."""
    await _erase(connection, ids, outdated_only=False)


async def _erase(connection: AsyncConnection, ids: Collection[UUID], *, outdated_only: bool) -> None:
    if ids:
        dialect = connection.dialect.name
        given = row_parameters(dialect, [(id_,) for id_ in ids])
        await connection.execute(_erasure(dialect, outdated_only), given)


@lru_cache
def _erasure(dialect: str, outdated_only: bool) -> Update:
    erase = update(AttemptRow).where(any_of(dialect, AttemptRow.comment_id))
    if outdated_only:
        erase = erase.where(~_is_current())
    return erase.values(response=None, comment_id=None, comment_revision=None)


class _EventComment(msgspec.Struct):
    id: UUID


class _EventData(msgspec.Struct):
    comment: _EventComment | None = None


_decode = msgspec.json.Decoder(_EventData).decode
