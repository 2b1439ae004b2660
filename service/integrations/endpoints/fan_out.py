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
from service.integrations.endpoints.payload import webhook_body
from service.integrations.endpoints.subscribed_types import is_subscribed
from service.integrations.event_log.event_texts import add_texts
from service.integrations.event_log.wire import EventOut
from service.platform.events.event_types import Event
from service.platform.events.model import EventRow
from service.platform.sites.model import SiteRow
from service.platform.storage.portable import any_of, insert_many, row_parameters, run_many

# Events read per endpoint and poll, also those that the endpoint does not subscribe to.
MAX_EVENTS_PER_ENDPOINT = 200
MAX_EVENTS = 1_000  # events read per poll

LogPosition = tuple[int, int]  # a site and a position in its log
Message = tuple[LogPosition, bool]  # an event, and whether a held text is added to it


class Work(NamedTuple):
    """An endpoint with new events or due retries; ``held_text`` is whether it may get texts on hold."""

    endpoint_id: UUID
    site_id: int
    site: str
    position: int
    head: int
    retry_at: datetime | None
    revision: int
    types: str
    held_text: bool = False


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
        EndpointRow.held_text,
    )
    .join(SiteRow, SiteRow.id == EndpointRow.site_id)
    .where(
        EndpointRow.state == "active",
        or_(EndpointRow.position < SiteRow.position, EndpointRow.retry_at <= bindparam("now")),
        or_(EndpointRow.backoff_until.is_(None), EndpointRow.backoff_until <= bindparam("now")),
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
    conditions = and_(any_of(dialect, EndpointRow.id), EndpointRow.state == "active")
    columns = select(EndpointRow.id, EndpointRow.position, EndpointRow.retry_at)
    return columns.where(conditions).order_by(EndpointRow.id).with_for_update(skip_locked=True)


async def fan_out(
    connection: AsyncConnection, locked: Iterable[tuple[Work, int]], *, worker_id: UUID, now: datetime
) -> list[Delivery]:
    """Create deliveries for the locked endpoints, up to the capacity of each, and return them.

    Each endpoint's position moves past the events that were read, including those it does not subscribe to.
    """
    reading: list[tuple[Work, int]] = []
    wanted: dict[Message, None] = {}
    for work, capacity in locked:
        if len(wanted) >= MAX_EVENTS:
            break
        if work.position < work.head:
            reading.append((work, capacity))
            wanted |= dict.fromkeys((position, work.held_text) for position in _next_positions(work))
    events = await read_events_at(connection, wanted)
    bodies: dict[Message, bytes] = {}
    advanced, rows, claimed = [], [], []
    for work, capacity in reading:
        position, subscribed = _select_events(work, capacity, events)
        advanced.append({"endpoint": work.endpoint_id, "to": position})
        for message in subscribed:
            event = events[message]
            if message not in bodies:
                bodies[message] = webhook_body(work.site, event)
            rows.append(new_delivery(work.endpoint_id, event.position, worker_id=worker_id, now=now))
            body = bodies[message]
            claimed.append(Delivery(work.endpoint_id, event.position, 0, 0, str(event.id), body))
    await insert_many(connection, DeliveryRow, rows)
    await run_many(connection, _ADVANCE, advanced)
    return claimed


def _next_positions(work: Work) -> list[LogPosition]:
    last = min(work.head, work.position + MAX_EVENTS_PER_ENDPOINT)
    return [(work.site_id, position) for position in range(work.position + 1, last + 1)]


def _select_events(work: Work, capacity: int, events: Mapping[Message, EventOut]) -> tuple[int, list[Message]]:
    """Return the new position of ``work`` and the subscribed events up to there."""
    subscribed: list[Message] = []
    position = work.position
    for log_position in _next_positions(work):
        message = log_position, work.held_text
        found = events.get(message)  # None where the log was pruned
        if found and is_subscribed(work.types, found.type):
            if len(subscribed) == capacity:
                break
            subscribed.append(message)
        position = log_position[1]
    return position, subscribed


def new_delivery(endpoint_id: UUID, position: int, *, worker_id: UUID | None, now: datetime) -> dict[str, Any]:
    """Return the row of a new delivery, held by a worker or free."""
    return {
        "endpoint_id": endpoint_id,
        "position": position,
        "state": "waiting",
        "due_at": now,
        "worker_id": worker_id,
        "schedule_step": 0,
        "attempts": 0,
        "created_at": now,
        "completed_at": None,
    }


_ADVANCE = update(EndpointRow).where(EndpointRow.id == bindparam("endpoint")).values(position=bindparam("to"))


async def read_events_at(connection: AsyncConnection, messages: Iterable[Message]) -> dict[Message, EventOut]:
    """Return the events of ``messages`` with their texts as they are now."""
    wanted, dialect, found = [*messages], connection.dialect.name, dict[Message, EventOut]()
    for held_text in {held_text for _, held_text in wanted}:
        positions = [position for position, each in wanted if each == held_text]
        rows = (await connection.execute(_events_at(dialect), row_parameters(dialect, positions))).all()
        events = await add_texts(connection, [_event(row) for row in rows], held_text=held_text)
        found |= {((row.site_id, row.position), held_text): event for row, event in zip(rows, events, strict=True)}
    return found


def _event(row: Row[*tuple[Any, ...]]) -> Event:
    return Event(row.id, row.type, row.position, row.sequence, row.occurred_at, Raw(row.data))


@lru_cache
def _events_at(dialect: str) -> Select[*tuple[Any, ...]]:
    columns = (EventRow.id, EventRow.type, EventRow.position, EventRow.sequence, EventRow.occurred_at, EventRow.data)
    return select(EventRow.site_id, *columns).where(any_of(dialect, EventRow.site_id, EventRow.position))
