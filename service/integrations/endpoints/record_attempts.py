"""Record attempts and their results.

A delivery ends or gets its next attempt. An endpoint becomes healthy, failing or disabled.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_concurrency import Delivery
from service.integrations.endpoints.leases import SCHEDULE_RETRY, lock_endpoints_by_id
from service.integrations.endpoints.model import AttemptRow, DeliveryRow, EndpointRow
from service.integrations.endpoints.send_attempt import AttemptResult
from service.platform import clock
from service.platform.events.event_types import EventType, NewEvent
from service.platform.metrics import WEBHOOK_ATTEMPTS
from service.platform.outbound.retry_schedule import (
    DisabledReason,
    is_success,
    next_attempt_at,
    reason_to_disable,
    requested_backoff,
)
from service.platform.storage.portable import any_of, insert_many, row_parameters, run_many

log = structlog.get_logger("onereply.webhooks")
FinishedAttempt = tuple[Delivery, AttemptResult]


class RecordedAttempts(NamedTuple):
    """The events to append and the endpoints that were disabled."""

    events: list[NewEvent]
    disabled: list[UUID]


class _Health(msgspec.Struct):
    """An endpoint's health, as far as attempts change it."""

    endpoint: UUID
    site_id: int
    url: str
    state: str
    failing_since: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None
    backoff_until: datetime | None
    due_at: datetime | None = None
    disabled: tuple[datetime, DisabledReason] | None = None


async def record_attempts(
    connection: AsyncConnection, finished: Sequence[FinishedAttempt], schedule: Sequence[timedelta]
) -> RecordedAttempts:
    """Record attempts and update their deliveries and endpoints."""
    if not finished:
        return RecordedAttempts([], [])
    locked = await lock_endpoints_by_id(connection, (delivery.endpoint_id for delivery, _ in finished))
    health = {row.id: _health_of(row) for row in locked}
    states = await _lock_deliveries(connection, [(each.endpoint_id, each.position) for each, _ in finished])
    delivery_rows: list[dict[str, Any]] = []
    attempt_rows: list[dict[str, Any]] = []
    for delivery, result in finished:
        key = delivery.endpoint_id, delivery.position
        if key not in states or health[key[0]].state == "removed":
            continue
        attempt_rows.append(_attempt_row(delivery, result))
        row = _apply_result(delivery, result, schedule, health[key[0]])
        if states[key] != "delivered":  # unless another worker has delivered it already
            delivery_rows.append(row)
    await run_many(connection, _UPDATE_DELIVERY, delivery_rows)
    await insert_many(connection, AttemptRow, attempt_rows)
    await run_many(connection, _UPDATE_ENDPOINT, [msgspec.structs.asdict(each) for each in health.values()])
    retries = [{"endpoint": each.endpoint, "at": each.due_at} for each in health.values() if each.due_at]
    await run_many(connection, SCHEDULE_RETRY, retries)
    return await _disable(connection, [each for each in health.values() if each.disabled and each.state == "active"])


def count_attempts(finished: Sequence[FinishedAttempt]) -> None:
    """Count attempts in the metrics; called after the commit, so each counts once."""
    for _, result in finished:
        WEBHOOK_ATTEMPTS.labels("delivered" if is_success(result.status) else "failed").inc()


def _health_of(row: Row[*tuple[Any, ...]]) -> _Health:
    names = _Health.__struct_fields__[1:-2]
    return _Health(row.id, *(getattr(row, name) for name in names))


async def _lock_deliveries(
    connection: AsyncConnection, keys: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], str]:
    """Lock the deliveries at ``keys`` that still exist; return their states."""
    dialect = connection.dialect.name
    rows = await connection.execute(_states(dialect), row_parameters(dialect, sorted(set(keys))))
    return {(row.endpoint_id, row.position): row.state for row in rows}


@lru_cache
def _states(dialect: str) -> Select[*tuple[Any, ...]]:
    conditions = any_of(dialect, DeliveryRow.endpoint_id, DeliveryRow.position)
    columns = select(DeliveryRow.endpoint_id, DeliveryRow.position, DeliveryRow.state)
    return columns.where(conditions).with_for_update()


def _attempt_row(delivery: Delivery, result: AttemptResult) -> dict[str, Any]:
    return {
        "endpoint_id": delivery.endpoint_id,
        "position": delivery.position,
        "id": clock.new_id(),
        "attempted_at": result.attempted_at,
        "duration_ms": result.duration_ms,
        "status": result.status,
        "error": result.error,
    }


def _apply_result(
    delivery: Delivery, result: AttemptResult, schedule: Sequence[timedelta], endpoint: _Health
) -> dict[str, Any]:
    """Return the delivery's row after an attempt; also updates its ``endpoint``'s health."""
    step = delivery.schedule_step + 1
    ended_at = result.attempted_at + timedelta(milliseconds=result.duration_ms)
    row = {
        "endpoint": delivery.endpoint_id,
        "at_position": delivery.position,
        "state": "delivered",
        "due": ended_at,
        "schedule_step": step,
        "attempts": delivery.attempts + 1,
        "completed_at": ended_at,
    }
    if is_success(result.status):
        endpoint.failing_since, endpoint.delivered_at = None, ended_at
        return row
    if endpoint.failing_since is None:
        log.info("endpoint-failing", endpoint=str(endpoint.endpoint), status=result.status, error=result.error)
    endpoint.failing_since, endpoint.failed_at = endpoint.failing_since or result.attempted_at, ended_at
    backoff_until = requested_backoff(result.status, result.retry_after, now=ended_at)
    if backoff_until:
        endpoint.backoff_until = backoff_until
    if reason := reason_to_disable(result.status, endpoint.failing_since, now=ended_at):
        endpoint.disabled = ended_at, reason
    chance = random.random()  # noqa: S311 - no secret
    due = next_attempt_at(step, schedule, now=ended_at, not_before=backoff_until, chance=chance)
    if due is None:
        log.info("delivery-failed", endpoint=str(endpoint.endpoint), position=delivery.position, schedule_step=step)
        return row | {"state": "failed"}
    endpoint.due_at = min(due, endpoint.due_at or due)
    return row | {"state": "waiting", "due": due, "completed_at": None}


_UPDATE_DELIVERY = (
    update(DeliveryRow)
    .where(DeliveryRow.endpoint_id == bindparam("endpoint"), DeliveryRow.position == bindparam("at_position"))
    .values(
        state=bindparam("state"),
        due_at=bindparam("due"),
        worker_id=None,
        schedule_step=bindparam("schedule_step"),
        attempts=bindparam("attempts"),
        completed_at=bindparam("completed_at"),
    )
)
_UPDATE_ENDPOINT = (
    update(EndpointRow)
    .where(EndpointRow.id == bindparam("endpoint"))
    .values({name: bindparam(name) for name in ("failing_since", "delivered_at", "failed_at", "backoff_until")})
)


async def _disable(connection: AsyncConnection, endpoints: Sequence[_Health]) -> RecordedAttempts:
    """Disable ``endpoints`` and return the events about it, which go to the site's other endpoints."""
    events = []
    for each in endpoints:
        assert each.disabled
        at, reason = each.disabled
        log.warning("endpoint-disabled", endpoint=str(each.endpoint), reason=reason)
        values = {"state": "disabled", "disabled_at": at, "disabled_reason": reason}
        change = update(EndpointRow).where(EndpointRow.id == each.endpoint)
        await connection.execute(change.values(values | {"revision": EndpointRow.revision + 1, "changed_at": at}))
        url = each.url.partition("?")[0]  # the query may hold a token, which other endpoints must not see
        subject = {"id": each.endpoint, "url": url, "reason": reason, "disabled_at": at}
        events.append(
            NewEvent(
                type=EventType.ENDPOINT_DISABLED,
                site_id=each.site_id,
                thread_id=None,
                sequence=None,
                occurred_at=at,
                data={"endpoint": subject},
            )
        )
    return RecordedAttempts(events, [each.endpoint for each in endpoints])
