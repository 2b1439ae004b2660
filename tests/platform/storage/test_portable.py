"""Rows are found by several columns on both databases, and by an index on SQLite."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import InstrumentedAttribute

from service.conversation.comments.model import IdempotencyKeyRow
from service.conversation.threads.model import ThreadRow
from service.integrations.endpoints.model import DeliveryRow
from service.platform.events.model import EventRow
from service.platform.storage.portable import any_of, row_parameters
from service.tables import METADATA
from tests.builders import ASite, a_thread

Columns = tuple[InstrumentedAttribute[Any], ...]


async def test_only_the_given_rows_are_found(site: ASite) -> None:
    for article in ("a", "b", "c"):
        await a_thread(site, article=article)
    async with site.app.state.database.read() as connection:
        dialect = connection.dialect.name
        site_id = await connection.scalar(select(ThreadRow.site_id).order_by(ThreadRow.id.desc()).limit(1))
        assert site_id is not None
        these = select(ThreadRow.article).where(any_of(dialect, ThreadRow.site_id, ThreadRow.article))
        given = row_parameters(dialect, [(site_id, "a"), (site_id, "c"), (site_id, "d"), (site_id + 1, "b")])
        assert {*await connection.scalars(these, given)} == {"a", "c"}


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ((ThreadRow.site_id, ThreadRow.article), (1, "a")),
        ((EventRow.site_id, EventRow.position), (1, 1)),
        ((DeliveryRow.endpoint_id, DeliveryRow.position), (uuid4(), 1)),
        ((IdempotencyKeyRow.thread_id, IdempotencyKeyRow.key), (1, "a")),
    ],
    ids=["threads", "events", "deliveries", "keys"],
)
def test_sqlite_goes_through_no_table_for_them(columns: Columns, row: tuple[object, ...]) -> None:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    statement = select(columns[0].class_.__table__).where(any_of("sqlite", *columns))
    with engine.connect() as connection:
        compiled = statement.compile(connection)
        given = compiled.construct_params(row_parameters("sqlite", [row]))
        values = tuple(given[name] for name in compiled.positiontup or [])
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()
    engine.dispose()
    steps = [step.detail for step in plan]
    assert [step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE" not in step] == []
