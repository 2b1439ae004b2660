"""Deliveries are shared among workers: who has taken one keeps it for as long as it lives.

A worker's life is a row that it moves on. One whose time has passed is dead, and what it had is free again, so that
another tries it: a delivery may come twice then, never not at all. So nothing is ever taken but by a worker whose row
is there, and the row goes only together with all that was taken.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_concurrency import Delivery
from service.integrations.endpoints.fan_out import Place, Work, read_events_at
from service.integrations.endpoints.model import DeliveryRow, EndpointRow, WorkerRow
from service.integrations.endpoints.payload import body_of
from service.platform.storage.portable import run_many

LEASE = timedelta(seconds=20)
RENEWED_EVERY = timedelta(seconds=5)
LOOKED_THROUGH = 100  # endpoints at a time, so that one turn is never long


async def stay_alive(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Say that the worker lives, before it takes anything and while it has anything.

    In one statement: whoever buries it comes before that, and the row is there again, or after, and has to wait.
    """
    insert = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(WorkerRow)
    born = insert.values(id=worker_id, started_at=now, alive_until=now + LEASE)
    renewed = {"alive_until": now + LEASE}
    await connection.execute(born.on_conflict_do_update(index_elements=[WorkerRow.id], set_=renewed))


async def dead_workers(connection: AsyncConnection, *, now: datetime) -> list[UUID]:
    """The workers whose time has passed."""
    return [*await connection.scalars(select(WorkerRow.id).where(WorkerRow.alive_until < now).order_by(WorkerRow.id))]


async def lives(connection: AsyncConnection, worker_id: UUID) -> bool:
    """Whether nobody has buried the worker, nor will before the end of the transaction."""
    row = select(WorkerRow.id).where(WorkerRow.id == worker_id).with_for_update(read=True, key_share=True)
    return await connection.scalar(row) is not None


async def bury_dead(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Bury a worker whose time has passed, unless it has said meanwhile that it lives, or is just being buried."""
    dead = select(WorkerRow.id).where(WorkerRow.id == worker_id, WorkerRow.alive_until < now)
    if await connection.scalar(dead.with_for_update(skip_locked=True)):
        await bury(connection, worker_id, now=now)


async def bury(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Free whatever a worker has, for it is gone. The row goes first, so that it takes nothing more under this id."""
    await connection.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))
    endpoints = await endpoints_of(connection, worker_id)
    await lock_in_order(connection, endpoints)
    await connection.execute(update(DeliveryRow).where(DeliveryRow.worker_id == worker_id).values(worker_id=None))
    await run_many(connection, LOOK, [{"endpoint": each, "at": now} for each in endpoints])


async def endpoints_of(connection: AsyncConnection, worker_id: UUID) -> list[UUID]:
    """The endpoints of which a worker has deliveries, in the order in which they are locked."""
    had = select(DeliveryRow.endpoint_id).where(DeliveryRow.worker_id == worker_id).distinct()
    return sorted((await connection.scalars(had)).all())


async def lock_in_order(connection: AsyncConnection, endpoints: Iterable[UUID]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Lock ``endpoints``, as everyone does before they change more than one of them or their deliveries."""
    wanted = sorted(set(endpoints))
    if not wanted:
        return []
    statement = select(EndpointRow).where(EndpointRow.id.in_(wanted)).order_by(EndpointRow.id).with_for_update()
    return (await connection.execute(statement)).all()


# Look for deliveries of an endpoint to be tried again at an instant, if not sooner.
LOOK = (
    update(EndpointRow)
    .where(EndpointRow.id == bindparam("endpoint"))
    .where((EndpointRow.retry_at.is_(None)) | (EndpointRow.retry_at > bindparam("at")))
    .values(retry_at=bindparam("at"))
)


async def give_back(connection: AsyncConnection, deliveries: Sequence[Delivery], *, now: datetime) -> None:
    """Free ``deliveries``, untried."""
    endpoints = {each.endpoint_id for each in deliveries}
    await lock_in_order(connection, endpoints)
    rows = [{"endpoint": each.endpoint_id, "at_position": each.position} for each in deliveries]
    await run_many(connection, _FREE, rows)
    await run_many(connection, LOOK, [{"endpoint": each, "at": now} for each in sorted(endpoints)])


_ONE = (DeliveryRow.endpoint_id == bindparam("endpoint"), DeliveryRow.position == bindparam("at_position"))
_FREE = update(DeliveryRow).where(*_ONE).values(worker_id=None)


async def take_due(
    connection: AsyncConnection, locked: Iterable[tuple[Work, int]], *, worker_id: UUID, now: datetime
) -> list[Delivery]:
    """Take deliveries of locked endpoints that are to be tried again, as many of each as there is room."""
    taken: list[tuple[Work, Row[*tuple[Any, ...]]]] = []
    looked_at = []
    for work, room in locked:
        if work.retry_at is None or work.retry_at > now or not room:
            continue
        due = await connection.execute(_DUE, {"endpoint": work.endpoint_id, "now": now, "room": room})
        rows = due.all()
        taken += [(work, row) for row in rows]
        at = [{"endpoint": work.endpoint_id, "at_position": row.position, "worker": worker_id} for row in rows]
        await run_many(connection, _TAKE, at)
        looked_at.append({"endpoint": work.endpoint_id, "next_due": await _next_due(connection, work.endpoint_id)})
        if len(looked_at) == LOOKED_THROUGH:
            break
    await run_many(connection, _LOOKED_AT, looked_at)
    places: list[Place] = [(work.site_id, row.position) for work, row in taken]
    events = await read_events_at(connection, dict.fromkeys(places))
    return [
        Delivery(work.endpoint_id, row.position, row.tries, row.attempts, str(event.id), body_of(work.site, event))
        for (work, row), event in zip(taken, map(events.__getitem__, places), strict=True)
    ]


_FREE_ONES = (
    DeliveryRow.endpoint_id == bindparam("endpoint"),
    DeliveryRow.state == "waiting",
    DeliveryRow.worker_id.is_(None),
)
_DUE = (
    select(DeliveryRow.position, DeliveryRow.tries, DeliveryRow.attempts)
    .where(*_FREE_ONES, DeliveryRow.due_at <= bindparam("now"))
    .order_by(DeliveryRow.due_at)
    .limit(bindparam("room"))
    .with_for_update(skip_locked=True)
)
_TAKE = update(DeliveryRow).where(*_ONE).values(worker_id=bindparam("worker"))
_LOOKED_AT = update(EndpointRow).where(EndpointRow.id == bindparam("endpoint")).values(retry_at=bindparam("next_due"))


async def _next_due(connection: AsyncConnection, endpoint_id: UUID) -> datetime | None:
    """When the first delivery is due that nobody has."""
    first = select(func.min(DeliveryRow.due_at)).where(*_FREE_ONES)
    at: datetime | None = (await connection.execute(first, {"endpoint": endpoint_id})).scalar_one()
    return at
