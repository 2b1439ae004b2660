"""The few statements that the two databases want said differently."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Dialect,
    Select,
    String,
    bindparam,
    func,
    insert,
    literal,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert, Update

from service.storage.schema import Base


def any_of(dialect: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """``columns`` are one of the rows that :func:`rows_given` passes when the statement runs.

    So a statement is built once a dialect and run for any rows. PostgreSQL takes each column's values as one array,
    so the text is the same for any number and stays prepared; SQLite has no arrays and is told the rows one by one.
    """
    if dialect == "sqlite":
        subject = columns[0] if len(columns) == 1 else tuple_(*columns)
        return subject.in_(bindparam("rows", expanding=True))
    arrays = [bindparam(f"rows_{number}", type_=ARRAY(column.type)) for number, column in enumerate(columns)]
    if len(columns) == 1:
        return columns[0] == func.any(arrays[0])
    listed = func.unnest(*arrays).table_valued(*(column.key for column in columns)).render_derived()
    return tuple_(*columns).in_(select(*listed.c))


def rows_given(dialect: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """The parameters by which a statement with :func:`any_of` is told ``rows``, of which there is one at least."""
    if dialect == "sqlite":
        return {"rows": [row[0] for row in rows] if len(rows[0]) == 1 else rows}
    return {f"rows_{number}": list(values) for number, values in enumerate(zip(*rows, strict=True))}


def newest_of_each(
    dialect: str, key: InstrumentedAttribute[Any], columns: Sequence[InstrumentedAttribute[Any]], *, most: int
) -> Select[*tuple[Any, ...]]:
    """``key`` and ``columns`` of the ``most`` newest rows, by ``id``, of each value that :func:`keys_given` passes.

    The table has an index of ``key`` and ``id``, so it takes ``most`` rows a value, however many there are.
    """
    table = key.class_
    if dialect == "sqlite":
        value = func.json_each(bindparam("keys", type_=String)).table_valued("value").c.value
        given: ColumnElement[Any] = type_coerce(value, key.type)
    else:
        given = func.unnest(bindparam("keys", type_=ARRAY(key.type))).column_valued("given")
    older = aliased(table)
    column = getattr(older, key.key)
    oldest = select(older.id).where(column == given).order_by(older.id.desc()).limit(1).offset(most - 1)
    since = func.coalesce(oldest.correlate_except(older).scalar_subquery(), literal(UUID(int=0), table.id.type))
    return select(key, *columns).where(key == given, table.id >= since).order_by(table.id.desc())


def keys_given(dialect: str, keys: Collection[UUID] | Collection[int]) -> dict[str, Any]:
    """The parameter by which a statement of :func:`newest_of_each` is told its values."""
    if dialect == "sqlite":
        return {"keys": msgspec.json.encode([key.hex if isinstance(key, UUID) else key for key in keys]).decode()}
    return {"keys": list(keys)}


async def insert_many(connection: AsyncConnection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows``, which have a value for each column but a numbered key, in one round trip."""
    await run_many(connection, _insert_into(table), rows)


async def run_many(connection: AsyncConnection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run ``statement``, which is built once, for each of ``rows``, in one round trip.

    Its text and the processors of its parameters are worked out once; SQLAlchemy's own executemany does it again for
    each row, which was a sixth of the time of a post.
    """
    if not rows:
        return
    text, parameters = _compile(statement, connection.dialect)
    values = [
        tuple(row[name] if process is None else process(row[name]) for name, process in parameters) for row in rows
    ]
    await connection.exec_driver_sql(text, values)


@lru_cache
def _insert_into(table: type[Base]) -> Insert:
    return insert(table)


@lru_cache(maxsize=64)
def _compile(statement: Insert | Update, dialect: Dialect) -> tuple[str, list[tuple[str, Callable[[Any], Any] | None]]]:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    types = {name: compiled.binds[name].type for name in compiled.positiontup or []}
    return compiled.string, [
        (name, type_.dialect_impl(dialect).bind_processor(dialect)) for name, type_ in types.items()
    ]


def insert_if_absent(connection: AsyncConnection, table: type[Base]) -> Insert:
    """An INSERT into ``table`` that leaves a row there already as it is, whatever constraint finds it."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
