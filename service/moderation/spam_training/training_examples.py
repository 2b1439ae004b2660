"""Store the training examples of a site's spam filter with their features, so each can be removed."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Delete, Row, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow
from service.conversation.screening.rule_set import make_draft_text
from service.conversation.screening.spam_features import features_of
from service.moderation.spam_training.model import TrainingExampleRow
from service.moderation.spam_training.read_decisions import DecidedComment
from service.platform.storage.portable import any_of, insert_many, row_parameters

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[str]).decode


class TrainingExample(NamedTuple):
    """A comment, its label (spam or not), and its features."""

    comment_id: UUID
    position: int
    spam: bool
    features: list[str]


async def build_examples(connection: AsyncConnection, decided: Collection[DecidedComment]) -> list[TrainingExample]:
    """Build examples from decided comments whose text has not changed since the decision."""
    labelled = {each.comment_id: each for each in decided if each.spam is not None}
    rows = await _rows_of(connection, _read_texts, labelled)
    return await asyncio.to_thread(lambda: [each for row in rows if (each := _build_example(row, labelled[row.id]))])


def _build_example(row: Row[*tuple[Any, ...]], decided: DecidedComment) -> TrainingExample | None:
    if decided.spam is None or decided.revision != row.revision or not row.body:
        return None
    draft = make_draft_text(author_name=row.author_name, author_url=row.author_url, body=row.body, html=row.html)
    return TrainingExample(decided.comment_id, decided.position, decided.spam, sorted(features_of(draft).all))


async def read_examples(connection: AsyncConnection, comment_ids: Collection[UUID]) -> list[TrainingExample]:
    """Read the stored examples of the comments ``comment_ids``."""
    return [_example_of(row) for row in await _rows_of(connection, _read_by_comment, comment_ids)]


async def read_oldest_examples(
    connection: AsyncConnection, site_id: int, *, spam: bool, count: int
) -> list[TrainingExample]:
    """Read the ``count`` oldest examples of one kind of the site."""
    statement = (
        select(*_COLUMNS)
        .where(TrainingExampleRow.site_id == site_id, TrainingExampleRow.spam == spam)
        .order_by(TrainingExampleRow.position)
        .limit(count)
    )
    return [_example_of(row) for row in await connection.execute(statement)] if count > 0 else []


async def store_examples(connection: AsyncConnection, site_id: int, examples: Sequence[TrainingExample]) -> None:
    """Store new ``examples``."""
    rows = [{**each._asdict(), "site_id": site_id, "features": _encode(each.features)} for each in examples]
    await insert_many(connection, TrainingExampleRow, rows)


async def delete_examples(connection: AsyncConnection, examples: Sequence[TrainingExample]) -> None:
    """Delete ``examples``."""
    if examples:
        dialect = connection.dialect.name
        await connection.execute(_delete(dialect), row_parameters(dialect, [(each.comment_id,) for each in examples]))


async def delete_all_examples(connection: AsyncConnection, site_id: int) -> None:
    """Delete all examples of a site."""
    await connection.execute(delete(TrainingExampleRow).where(TrainingExampleRow.site_id == site_id))


_COLUMNS = (
    TrainingExampleRow.comment_id,
    TrainingExampleRow.position,
    TrainingExampleRow.spam,
    TrainingExampleRow.features,
)


def _example_of(row: Sequence[Any]) -> TrainingExample:
    return TrainingExample(row[0], row[1], row[2], _decode(row[3]))


async def _rows_of(
    connection: AsyncConnection, statement: Callable[[str], Select[*tuple[Any, ...]]], comment_ids: Collection[UUID]
) -> Sequence[Row[*tuple[Any, ...]]]:
    if not comment_ids:
        return []
    dialect = connection.dialect.name
    rows = row_parameters(dialect, [(comment_id,) for comment_id in comment_ids])
    return (await connection.execute(statement(dialect), rows)).all()


@lru_cache
def _read_texts(dialect: str) -> Select[*tuple[Any, ...]]:
    row = CommentRow
    columns = (row.id, row.revision, row.author_name, row.author_url, row.body, row.html)
    return select(*columns).where(any_of(dialect, row.id))


@lru_cache
def _read_by_comment(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(any_of(dialect, TrainingExampleRow.comment_id))


@lru_cache
def _delete(dialect: str) -> Delete:
    return delete(TrainingExampleRow).where(any_of(dialect, TrainingExampleRow.comment_id))
