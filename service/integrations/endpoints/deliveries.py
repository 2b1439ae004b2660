"""Queries for an endpoint's deliveries, their attempts and the endpoint's health."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.model import AttemptRow, DeliveryRow, DeliveryState
from service.integrations.endpoints.send_attempt import AttemptError
from service.platform.events.model import EventRow
from service.platform.outbound.retry_schedule import is_success
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site

MAX_COUNT = 10_000
RECENT = 100
ATTEMPTS = 100


class StoredDelivery(NamedTuple):
    """A delivery as stored, with its event's id and type."""

    position: int
    webhook_id: UUID
    type: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    completed_at: datetime | None


class Attempt(NamedTuple):
    """One attempt of a delivery."""

    attempted_at: datetime
    duration_ms: int
    status: int | None
    error: AttemptError | None


class HealthFigures(NamedTuple):
    """An endpoint's health figures.

    ``waiting`` and ``failed`` count deliveries, up to 10,000 each. The other figures cover the newest 100 attempts;
    latencies are in milliseconds.
    """

    waiting: int
    failed: int
    attempts: int
    delivered: int
    p50_ms: int | None
    p95_ms: int | None


async def list_deliveries(
    connection: AsyncConnection,
    site: Site,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None,
    before: int | None,
    limit: int,
) -> list[StoredDelivery]:
    """List the ``limit`` newest deliveries to an endpoint before the log position ``before``."""
    statement = _deliveries(site, endpoint_id).order_by(DeliveryRow.position.desc()).limit(limit)
    if state:
        statement = statement.where(DeliveryRow.state == state)
    if before is not None:
        statement = statement.where(DeliveryRow.position < before)
    return [StoredDelivery(*row) for row in await connection.execute(statement)]


async def find_delivery(
    connection: AsyncConnection, site: Site, endpoint_id: UUID, position: int
) -> tuple[StoredDelivery, list[Attempt]]:
    """Return a delivery with its newest attempts; raises NotFound."""
    row = (
        await connection.execute(_deliveries(site, endpoint_id).where(DeliveryRow.position == position))
    ).one_or_none()
    if row is None:
        raise NotFound
    of_delivery = AttemptRow.endpoint_id == endpoint_id, AttemptRow.position == position
    attempts = await connection.execute(
        select(*_ATTEMPT).where(*of_delivery).order_by(AttemptRow.id.desc()).limit(ATTEMPTS)
    )
    return StoredDelivery(*row), [_attempt(attempt) for attempt in attempts]


def _attempt(row: Row[*tuple[Any, ...]]) -> Attempt:
    return Attempt(*row)


def _deliveries(site: Site, endpoint_id: UUID) -> Select[*tuple[Any, ...]]:
    event = and_(EventRow.site_id == site.id, EventRow.position == DeliveryRow.position)
    columns = (
        DeliveryRow.position,
        EventRow.id,
        EventRow.type,
        DeliveryRow.state,
        DeliveryRow.attempts,
        DeliveryRow.due_at,
        DeliveryRow.created_at,
        DeliveryRow.completed_at,
    )
    return select(*columns).join(EventRow, event).where(DeliveryRow.endpoint_id == endpoint_id)


_ATTEMPT = (AttemptRow.attempted_at, AttemptRow.duration_ms, AttemptRow.status, AttemptRow.error)


async def get_health_figures(connection: AsyncConnection, endpoint_id: UUID) -> HealthFigures:
    """Return an endpoint's health figures."""
    waiting, failed = [await _count(connection, endpoint_id, state) for state in ("waiting", "failed")]
    newest = (
        select(AttemptRow.status, AttemptRow.duration_ms)
        .where(AttemptRow.endpoint_id == endpoint_id)
        .order_by(AttemptRow.position.desc(), AttemptRow.id.desc())
        .limit(RECENT)
    )
    rows = (await connection.execute(newest)).all()
    delivered, times = sum(is_success(row.status) for row in rows), sorted(row.duration_ms for row in rows)
    at = [times[int(len(times) * share)] if times else None for share in (0.5, 0.95)]
    return HealthFigures(waiting, failed, len(rows), delivered, *at)


async def _count(connection: AsyncConnection, endpoint_id: UUID, state: DeliveryState) -> int:
    some = select(DeliveryRow.position).where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.state == state)
    counted = select(func.count()).select_from(some.limit(MAX_COUNT).subquery())
    return (await connection.execute(counted)).scalar_one()
