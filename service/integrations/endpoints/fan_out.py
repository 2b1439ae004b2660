"""Fan-out: create the deliveries of new events for each endpoint.

An endpoint reads its site's log as far as its window allows. One transaction inserts the deliveries and moves the
endpoint's position, so no event is missed or fanned out twice. The worker holds the new deliveries from the start
and need not query for them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Raw
from sqlalchemy import Row, Select, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_concurrency import Delivery
from service.integrations.endpoints.model import DeliveryRow, EndpointRow
from service.integrations.endpoints.payload import body_of
from service.integrations.endpoints.subscribed_types import listens
from service.platform.events.event_types import Event
from service.platform.events.model import EventRow
from service.platform.sites.model import SiteRow
from service.platform.storage.portable import any_of, insert_many, row_parameters, run_many

LOOKED_AT = 200  # events of a site per endpoint and turn, so that an endpoint with few types advances fast
READ_AT_ONCE = 1_000

Place = tuple[int, int]  # a site and a position in its log


class Work(NamedTuple):
    """An endpoint with new events or due retries."""

    endpoint_id: UUID
    site_id: int
    site: str
    position: int
    head: int
    retry_at: datetime | None
    revision: int
    types: str


async def find_work(connection: AsyncConnection, *, now: datetime) -> list[Work]:
    """Return the active endpoints with work; takes no locks."""
    return [Work(*row) for row in await connection.execute(_WORK, {"now": now})]


_WORK = (
    select(
        EndpointRow.id,
        EndpointRow.site_id,
        SiteRow.slug,
        EndpointRow.position,
        SiteRow.position,
        EndpointRow.retry_at,
        EndpointRow.revision,
        EndpointRow.types,
    )
    .join(SiteRow, SiteRow.id == EndpointRow.site_id)
    .where(
        EndpointRow.state == "active",
        or_(EndpointRow.position < SiteRow.position, EndpointRow.retry_at <= bindparam("now")),
        or_(EndpointRow.rests_until.is_(None), EndpointRow.rests_until <= bindparam("now")),
    )
)


async def lock_endpoints(connection: AsyncConnection, work: Mapping[UUID, Work]) -> dict[UUID, Work]:
    """Lock the endpoints of ``work`` that no other worker has locked; return their current state."""
    if not work:
        return {}
    rows = await connection.execute(
        _lock(connection.dialect.name), row_parameters(connection.dialect.name, [(each,) for each in sorted(work)])
    )
    return {row.id: work[row.id]._replace(position=row.position, retry_at=row.retry_at) for row in rows}


@lru_cache
def _lock(dialect: str) -> Select[*tuple[Any, ...]]:
    these = and_(any_of(dialect, EndpointRow.id), EndpointRow.state == "active")
    columns = select(EndpointRow.id, EndpointRow.position, EndpointRow.retry_at)
    return columns.where(these).order_by(EndpointRow.id).with_for_update(skip_locked=True)


async def fan_out(
    connection: AsyncConnection, locked: Iterable[tuple[Work, int]], *, worker_id: UUID, now: datetime
) -> list[Delivery]:
    """Create deliveries for the locked endpoints, up to the capacity of each, and return them.

    Each endpoint's position moves past the events that were read, including those it does not subscribe to.
    """
    reading: list[tuple[Work, int]] = []
    places: dict[Place, None] = {}
    for work, room in locked:
        if len(places) >= READ_AT_ONCE:
            break
        if work.position < work.head:
            reading.append((work, room))
            places |= dict.fromkeys(_next_places(work))
    events = await read_events_at(connection, places)
    bodies: dict[Place, bytes] = {}
    moved, rows, taken = [], [], []
    for work, room in reading:
        position, fitting = _read_on(work, room, events)
        moved.append({"endpoint": work.endpoint_id, "to": position})
        for place in fitting:
            event = events[place]
            if place not in bodies:
                bodies[place] = body_of(work.site, event)
            rows.append(new_delivery(work.endpoint_id, event.position, worker_id=worker_id, now=now))
            taken.append(Delivery(work.endpoint_id, event.position, 0, 0, str(event.id), bodies[place]))
    await insert_many(connection, DeliveryRow, rows)
    await run_many(connection, _MOVE, moved)
    return taken


def _next_places(work: Work) -> list[Place]:
    last = min(work.head, work.position + LOOKED_AT)
    return [(work.site_id, position) for position in range(work.position + 1, last + 1)]


def _read_on(work: Work, room: int, events: Mapping[Place, Event]) -> tuple[int, list[Place]]:
    """Return the new position of ``work`` and the subscribed events up to there."""
    fitting: list[Place] = []
    position = work.position
    for place in _next_places(work):
        event = events.get(place)  # None where the log was pruned
        if event and listens(work.types, event.type):
            if len(fitting) == room:
                break
            fitting.append(place)
        position = place[1]
    return position, fitting


def new_delivery(endpoint_id: UUID, position: int, *, worker_id: UUID | None, now: datetime) -> dict[str, Any]:
    """Return the row of a new delivery, held by a worker or free."""
    return {
        "endpoint_id": endpoint_id,
        "position": position,
        "state": "waiting",
        "due_at": now,
        "worker_id": worker_id,
        "tries": 0,
        "attempts": 0,
        "created_at": now,
        "done_at": None,
    }


_MOVE = update(EndpointRow).where(EndpointRow.id == bindparam("endpoint")).values(position=bindparam("to"))


async def read_events_at(connection: AsyncConnection, places: Iterable[Place]) -> dict[Place, Event]:
    """Return the events at ``places``, by site and position."""
    wanted = list(places)
    if not wanted:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_events_at(dialect), row_parameters(dialect, wanted))
    return {(row.site_id, row.position): _event(row) for row in rows}


def _event(row: Row[*tuple[Any, ...]]) -> Event:
    return Event(row.id, row.type, row.position, row.sequence, row.occurred_at, Raw(row.data))


@lru_cache
def _events_at(dialect: str) -> Select[*tuple[Any, ...]]:
    columns = (EventRow.id, EventRow.type, EventRow.position, EventRow.sequence, EventRow.occurred_at, EventRow.data)
    return select(EventRow.site_id, *columns).where(any_of(dialect, EventRow.site_id, EventRow.position))
