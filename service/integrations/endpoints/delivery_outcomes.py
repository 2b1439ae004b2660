"""Count the latest deliveries to endpoints by what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.model import DeliveryRow

MAX_COUNTED = 20_000  # of all endpoints together, which takes SQLite some 30 ms


class DeliveryOutcomes(NamedTuple):
    """Deliveries to an endpoint: delivered, waiting for an attempt, and given up."""

    delivered: int = 0
    waiting: int = 0
    failed: int = 0


async def count_outcomes(
    connection: AsyncConnection, endpoint_ids: Sequence[UUID], *, since: datetime
) -> dict[UUID, DeliveryOutcomes]:
    """Count the deliveries since ``since`` of each endpoint, of its newest :func:`most_counted`.

    One query reads the end of each endpoint's range of the primary key, so its cost is bounded.
    """
    if not endpoint_ids:
        return {}
    row = DeliveryRow
    newest = [
        select(row.endpoint_id, row.state, row.created_at)
        .where(row.endpoint_id == endpoint_id)
        .order_by(row.position.desc())
        .limit(most_counted(len(endpoint_ids)))
        .subquery()
        for endpoint_id in endpoint_ids
    ]
    each = union_all(*(select(one) for one in newest)).subquery().c
    counted = (
        select(each.endpoint_id, each.state, func.count())
        .where(each.created_at >= since)
        .group_by(each.endpoint_id, each.state)
    )
    found: dict[UUID, dict[str, int]] = {id_: {} for id_ in endpoint_ids}
    for endpoint_id, state, count in await connection.execute(counted):
        found[endpoint_id][state] = count
    return {id_: DeliveryOutcomes(**counts) for id_, counts in found.items()}


def most_counted(endpoints: int) -> int:
    """Return how many deliveries of each of so many ``endpoints`` are counted."""
    return MAX_COUNTED // max(endpoints, 1)
