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
from service.integrations.endpoints.leases import LOOK, lock_in_order
from service.integrations.endpoints.model import AttemptRow, DeliveryRow, EndpointRow
from service.integrations.endpoints.retry_schedule import (
    DisabledReason,
    asked_to_wait,
    is_success,
    next_try,
    why_disabled,
)
from service.integrations.endpoints.send_attempt import Answer
from service.platform import clock
from service.platform.events.event_types import EventType, NewEvent
from service.platform.metrics import WEBHOOK_ATTEMPTS
from service.platform.storage.portable import any_of, insert_many, row_parameters, run_many

log = structlog.get_logger("onereply.webhooks")
Tried = tuple[Delivery, Answer]


class Noted(NamedTuple):
    """The events to append and the endpoints that were disabled."""

    events: list[NewEvent]
    disabled: list[UUID]


class _Standing(msgspec.Struct):
    """An endpoint's health, as far as attempts change it."""

    endpoint: UUID
    site_id: int
    url: str
    state: str
    failing_since: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None
    rests_until: datetime | None
    due_at: datetime | None = None
    disabled: tuple[datetime, DisabledReason] | None = None


async def note(connection: AsyncConnection, tried: Sequence[Tried], schedule: Sequence[timedelta]) -> Noted:
    """Record attempts and update their deliveries and endpoints."""
    if not tried:
        return Noted([], [])
    locked = await lock_in_order(connection, (delivery.endpoint_id for delivery, _ in tried))
    standings = {row.id: _standing(row) for row in locked}
    there = await _lock_deliveries(connection, [(each.endpoint_id, each.position) for each, _ in tried])
    rows: list[dict[str, Any]] = []
    attempts: list[dict[str, Any]] = []
    for delivery, answer in tried:
        place = delivery.endpoint_id, delivery.position
        if place not in there or standings[place[0]].state == "removed":
            continue
        attempts.append(_attempt(delivery, answer))
        row = _after(delivery, answer, schedule, standings[place[0]])
        if there[place] != "delivered":  # unless another worker has delivered it already
            rows.append(row)
    await run_many(connection, _DELIVERY, rows)
    await insert_many(connection, AttemptRow, attempts)
    await run_many(connection, _ENDPOINT, [msgspec.structs.asdict(each) for each in standings.values()])
    look = [{"endpoint": each.endpoint, "at": each.due_at} for each in standings.values() if each.due_at]
    await run_many(connection, LOOK, look)
    return await _disable(connection, [each for each in standings.values() if each.disabled and each.state == "active"])


def count_attempts(tried: Sequence[Tried]) -> None:
    """Count attempts in the metrics; called after the commit, so each counts once."""
    for _, answer in tried:
        WEBHOOK_ATTEMPTS.labels("delivered" if is_success(answer.status) else "failed").inc()


def _standing(row: Row[*tuple[Any, ...]]) -> _Standing:
    names = _Standing.__struct_fields__[1:-2]
    return _Standing(row.id, *(getattr(row, name) for name in names))


async def _lock_deliveries(
    connection: AsyncConnection, places: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], str]:
    """Lock the deliveries at ``places`` that still exist; return their states."""
    dialect = connection.dialect.name
    rows = await connection.execute(_states(dialect), row_parameters(dialect, sorted(set(places))))
    return {(row.endpoint_id, row.position): row.state for row in rows}


@lru_cache
def _states(dialect: str) -> Select[*tuple[Any, ...]]:
    these = any_of(dialect, DeliveryRow.endpoint_id, DeliveryRow.position)
    columns = select(DeliveryRow.endpoint_id, DeliveryRow.position, DeliveryRow.state)
    return columns.where(these).with_for_update()


def _attempt(delivery: Delivery, answer: Answer) -> dict[str, Any]:
    return {
        "endpoint_id": delivery.endpoint_id,
        "position": delivery.position,
        "id": clock.new_id(),
        "tried_at": answer.tried_at,
        "duration_ms": answer.duration_ms,
        "status": answer.status,
        "error": answer.error,
        "answer": answer.text,
    }


def _after(delivery: Delivery, answer: Answer, schedule: Sequence[timedelta], endpoint: _Standing) -> dict[str, Any]:
    """Return the delivery's row after an attempt; also updates its ``endpoint``'s health."""
    tries, ended_at = delivery.tries + 1, answer.tried_at + timedelta(milliseconds=answer.duration_ms)
    row = {
        "endpoint": delivery.endpoint_id,
        "at_position": delivery.position,
        "state": "delivered",
        "due": ended_at,
        "tries": tries,
        "attempts": delivery.attempts + 1,
        "done_at": ended_at,
    }
    if is_success(answer.status):
        endpoint.failing_since, endpoint.delivered_at = None, ended_at
        return row
    if endpoint.failing_since is None:
        log.info("endpoint-fails", endpoint=str(endpoint.endpoint), status=answer.status, error=answer.error)
    endpoint.failing_since, endpoint.failed_at = endpoint.failing_since or answer.tried_at, ended_at
    rest = asked_to_wait(answer.status, answer.retry_after, now=ended_at)
    if rest:
        endpoint.rests_until = rest
    if reason := why_disabled(answer.status, endpoint.failing_since, now=ended_at):
        endpoint.disabled = ended_at, reason
    due = next_try(tries, schedule, now=ended_at, not_before=rest, chance=random.random())  # noqa: S311 - no secret
    if due is None:
        log.info("delivery-failed", endpoint=str(endpoint.endpoint), position=delivery.position, tries=tries)
        return row | {"state": "failed"}
    endpoint.due_at = min(due, endpoint.due_at or due)
    return row | {"state": "waiting", "due": due, "done_at": None}


_DELIVERY = (
    update(DeliveryRow)
    .where(DeliveryRow.endpoint_id == bindparam("endpoint"), DeliveryRow.position == bindparam("at_position"))
    .values(
        state=bindparam("state"),
        due_at=bindparam("due"),
        worker_id=None,
        tries=bindparam("tries"),
        attempts=bindparam("attempts"),
        done_at=bindparam("done_at"),
    )
)
_ENDPOINT = (
    update(EndpointRow)
    .where(EndpointRow.id == bindparam("endpoint"))
    .values({name: bindparam(name) for name in ("failing_since", "delivered_at", "failed_at", "rests_until")})
)


async def _disable(connection: AsyncConnection, endpoints: Sequence[_Standing]) -> Noted:
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
        told = {"id": each.endpoint, "url": url, "reason": reason, "disabled_at": at}
        events.append(
            NewEvent(
                type=EventType.ENDPOINT_DISABLED,
                site_id=each.site_id,
                thread_id=None,
                sequence=None,
                occurred_at=at,
                data={"endpoint": told},
            )
        )
    return Noted(events, [each.endpoint for each in endpoints])
