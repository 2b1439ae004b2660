"""Statements that differ between SQLite and PostgreSQL."""

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
    inspect,
    literal,
    literal_column,
    select,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert, Update

from service.platform.storage.schema import Base


def any_of(dialect: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """A condition: ``columns`` equal one of the rows that :func:`row_parameters` passes.

    A statement is therefore built once per dialect and works for any number of rows. PostgreSQL takes each column's
    values as an array, so the statement's text is constant and stays prepared. SQLite has no arrays: it takes one
    column's values as single parameters and several columns' values as a JSON text.
    """
    if dialect == "sqlite":
        return columns[0].in_(bindparam("rows", expanding=True)) if len(columns) == 1 else _any_in_sqlite(columns)
    arrays = [bindparam(f"rows_{number}", type_=ARRAY(column.type)) for number, column in enumerate(columns)]
    if len(columns) == 1:
        return columns[0] == func.any(arrays[0])
    listed = func.unnest(*arrays).table_valued(*(column.key for column in columns)).render_derived()
    return tuple_(*columns).in_(select(*listed.c))


def _any_in_sqlite(columns: Sequence[InstrumentedAttribute[Any]]) -> ColumnElement[bool]:
    """Use a join, which finds each row through an index of ``columns``; SQLite would scan for a list of rows."""
    table = columns[0].class_
    other = aliased(table)
    value = func.json_each(bindparam("rows", type_=String)).table_valued("value").c.value
    given: list[ColumnElement[Any]] = [
        type_coerce(func.json_extract(value, f"$[{number}]"), column.type) for number, column in enumerate(columns)
    ]
    fits = [getattr(other, column.key) == each for column, each in zip(columns, given, strict=True)]
    key = [column.key for column in inspect(table).primary_key]
    theirs, found = ([getattr(each, name) for name in key] for each in (table, other))
    subject: ColumnElement[Any] = theirs[0] if len(key) == 1 else tuple_(*theirs)
    return subject.in_(select(*found).where(*fits))


def row_parameters(dialect: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """The parameters that pass ``rows`` (at least one) to a statement with :func:`any_of`."""
    if dialect == "sqlite":
        return {"rows": [row[0] for row in rows] if len(rows[0]) == 1 else _in_json(rows)}
    return {f"rows_{number}": list(values) for number, values in enumerate(zip(*rows, strict=True))}


def newest_per_key(
    dialect: str, key: InstrumentedAttribute[Any], columns: Sequence[InstrumentedAttribute[Any]], *, limit: int
) -> Select[*tuple[Any, ...]]:
    """Select ``key`` and ``columns`` of the ``limit`` newest rows, by ``id``, per value from :func:`key_parameters`.

    The table needs an index of ``key`` and ``id``. The query then reads only ``limit`` rows per value.
    """
    return (_newest_in_sqlite if dialect == "sqlite" else _newest_in_postgresql)(key, columns, limit)


def _newest_in_sqlite(
    key: InstrumentedAttribute[Any], columns: Sequence[InstrumentedAttribute[Any]], limit: int
) -> Select[*tuple[Any, ...]]:
    """SQLite has no LATERAL, so find the id of the oldest wanted row and select from there."""
    table, older = key.class_, aliased(key.class_)
    value = func.json_each(bindparam("keys", type_=String)).table_valued("value").c.value
    given: ColumnElement[Any] = type_coerce(value, key.type)
    own = select(older.id).where(getattr(older, key.key) == given).order_by(older.id.desc())
    oldest = own.limit(1).offset(limit - 1).correlate_except(older).scalar_subquery()
    since = func.coalesce(oldest, literal(_MIN_ID, table.id.type))
    return select(key, *columns).where(key == given, key.is_not(None), table.id >= since).order_by(table.id.desc())


def _newest_in_postgresql(
    key: InstrumentedAttribute[Any], columns: Sequence[InstrumentedAttribute[Any]], limit: int
) -> Select[*tuple[Any, ...]]:
    """Written so that the planner can only use the index.

    A plan made while the table is small stays in use until the table is analysed. With ``key = given``, the order of
    ids alone would allow a scan of the primary key; hence the row comparison. A LIMIT parameter could have any value;
    hence the literal. A LATERAL join runs value by value.
    """
    table = key.class_
    given = func.unnest(bindparam("keys", type_=ARRAY(key.type))).table_valued("value").render_derived("given")
    first, last = (tuple_(given.c.value, literal(end, table.id.type)) for end in (_MIN_ID, _MAX_ID))
    newest = (
        select(key, table.id, *(column for column in columns if column.key != "id"))
        .where(tuple_(key, table.id).between(first, last))
        .order_by(key.desc(), table.id.desc())
        .limit(literal_column(str(limit)))
        .lateral("newest")
    )
    wanted = [newest.c[column.key] for column in (key, *columns)]
    return select(*wanted).select_from(given).join(newest, true()).order_by(newest.c.id.desc())


_MIN_ID, _MAX_ID = UUID(int=0), UUID(int=2**128 - 1)


def key_parameters(dialect: str, keys: Collection[UUID] | Collection[int]) -> dict[str, Any]:
    """The parameter that passes ``keys`` to a statement of :func:`newest_per_key`."""
    if dialect == "sqlite":
        return {"keys": _in_json(keys)}
    return {"keys": list(keys)}


def _in_json(values: Collection[Any]) -> str:
    """Encode ``values`` as JSON for SQLite's functions, with UUIDs as stored."""
    return _TO_JSON.encode(values).decode()


_TO_JSON = msgspec.json.Encoder(uuid_format="hex")


async def insert_many(connection: AsyncConnection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows`` in one round trip; each has a value for every column except an automatic key."""
    await run_many(connection, _insert_into(table), rows)


async def run_many(connection: AsyncConnection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run ``statement``, which is built only once, for each of ``rows`` in one round trip.

    Its text and parameter processors are cached. SQLAlchemy's executemany derives them again for each row, which took a
    sixth of the time of a post.
    """
    if not rows:
        return
    text, parameters, constants = _compile(statement, connection.dialect)
    if constants:
        rows = [{**constants, **row} for row in rows]
    values = [
        tuple(row[name] if process is None else process(row[name]) for name, process in parameters) for row in rows
    ]
    await connection.exec_driver_sql(text, values)


@lru_cache
def _insert_into(table: type[Base]) -> Insert:
    return insert(table)


# The text, the parameters with their processors, and the values of the statement's own parameters.
_Compiled = tuple[str, list[tuple[str, Callable[[Any], Any] | None]], dict[str, Any]]


@lru_cache(maxsize=64)
def _compile(statement: Insert | Update, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    binds = [compiled.binds[name] for name in compiled.positiontup or []]
    parameters: list[tuple[str, Callable[[Any], Any] | None]] = [
        (bind.key, bind.type.dialect_impl(dialect).bind_processor(dialect)) for bind in binds
    ]
    return compiled.string, parameters, {bind.key: bind.value for bind in binds if not bind.required}


def insert_if_absent(connection: AsyncConnection, table: type[Base]) -> Insert:
    """An INSERT into ``table`` that skips a row that violates any unique constraint."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
