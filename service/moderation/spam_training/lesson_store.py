"""Store the lessons of a site's spam filter with their features, so each can be undone."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Delete, Row, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow, LessonRow
from service.conversation.screening.rule_set import make_draft_text
from service.conversation.screening.spam_features import features_of
from service.moderation.spam_training.read_decisions import DecidedComment
from service.platform.storage.portable import any_of, insert_many, row_parameters

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[str]).decode


class Lesson(NamedTuple):
    """A comment marked as spam or not spam, and its features."""

    comment_id: UUID
    position: int
    spam: bool
    features: list[str]


async def read_new_lessons(connection: AsyncConnection, decided: Collection[DecidedComment]) -> list[Lesson]:
    """Build lessons from decided comments whose text has not changed since the decision."""
    teaching = {each.comment_id: each for each in decided if each.spam is not None}
    rows = await _rows_of(connection, _read_words, teaching)
    return await asyncio.to_thread(lambda: [lesson for row in rows if (lesson := _new_lesson(row, teaching[row.id]))])


def _new_lesson(row: Row[*tuple[Any, ...]], decided: DecidedComment) -> Lesson | None:
    if decided.spam is None or decided.revision != row.revision or not row.body:
        return None
    draft = make_draft_text(author_name=row.author_name, author_url=row.author_url, body=row.body, html=row.html)
    return Lesson(decided.comment_id, decided.position, decided.spam, sorted(features_of(draft).all))


async def read_old_lessons(connection: AsyncConnection, decided: Collection[DecidedComment]) -> list[Lesson]:
    """Read the stored lessons of decided comments."""
    return await read_lessons(connection, [each.comment_id for each in decided])


async def read_lessons(connection: AsyncConnection, comment_ids: Collection[UUID]) -> list[Lesson]:
    """Read the stored lessons of the comments ``comment_ids``."""
    return [_lesson_of(row) for row in await _rows_of(connection, _read_lessons, comment_ids)]


async def read_first_lessons(connection: AsyncConnection, site_id: int, *, spam: bool, count: int) -> list[Lesson]:
    """Read the ``count`` oldest lessons of one kind of the site."""
    statement = (
        select(*_LESSON)
        .where(LessonRow.site_id == site_id, LessonRow.spam == spam)
        .order_by(LessonRow.position)
        .limit(count)
    )
    return [_lesson_of(row) for row in await connection.execute(statement)] if count > 0 else []


async def store_lessons(connection: AsyncConnection, site_id: int, lessons: Sequence[Lesson]) -> None:
    """Store new ``lessons``."""
    rows = [{**each._asdict(), "site_id": site_id, "features": _encode(each.features)} for each in lessons]
    await insert_many(connection, LessonRow, rows)


async def delete_lessons(connection: AsyncConnection, lessons: Sequence[Lesson]) -> None:
    """Delete ``lessons``."""
    if lessons:
        dialect = connection.dialect.name
        await connection.execute(_delete(dialect), row_parameters(dialect, [(each.comment_id,) for each in lessons]))


async def delete_all_lessons(connection: AsyncConnection, site_id: int) -> None:
    """Delete all lessons of a site."""
    await connection.execute(delete(LessonRow).where(LessonRow.site_id == site_id))


_LESSON = (LessonRow.comment_id, LessonRow.position, LessonRow.spam, LessonRow.features)


def _lesson_of(row: Sequence[Any]) -> Lesson:
    return Lesson(row[0], row[1], row[2], _decode(row[3]))


async def _rows_of(
    connection: AsyncConnection, statement: Callable[[str], Select[*tuple[Any, ...]]], comment_ids: Collection[UUID]
) -> Sequence[Row[*tuple[Any, ...]]]:
    if not comment_ids:
        return []
    dialect = connection.dialect.name
    rows = row_parameters(dialect, [(comment_id,) for comment_id in comment_ids])
    return (await connection.execute(statement(dialect), rows)).all()


@lru_cache
def _read_words(dialect: str) -> Select[*tuple[Any, ...]]:
    row = CommentRow
    columns = (row.id, row.revision, row.author_name, row.author_url, row.body, row.html)
    return select(*columns).where(any_of(dialect, row.id))


@lru_cache
def _read_lessons(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*_LESSON).where(any_of(dialect, LessonRow.comment_id))


@lru_cache
def _delete(dialect: str) -> Delete:
    return delete(LessonRow).where(any_of(dialect, LessonRow.comment_id))
