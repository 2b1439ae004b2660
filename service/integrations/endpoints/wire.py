"""Endpoints, deliveries and attempts as they go over the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.threads.wire import Instant, Url
from service.integrations.endpoints.deliveries import Figures, KnownDelivery
from service.integrations.endpoints.endpoint_store import Endpoint
from service.integrations.endpoints.model import DeliveryState, EndpointState
from service.integrations.endpoints.retry_schedule import DisabledReason
from service.integrations.endpoints.send_attempt import AttemptError
from service.platform.wire import Body, Timed

Position = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Types = Annotated[list[Annotated[str, Meta(min_length=1, max_length=32)]], Meta(min_length=1, max_length=30)]
Description = Annotated[str, Meta(min_length=1, max_length=500)]
Secret = Annotated[str, Meta(min_length=38, max_length=100, pattern=r"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$(?!\n)")]


class EndpointIn(Body):
    """Where to listen, and for what; without ``types`` for everything, without a ``secret`` one is made."""

    url: Url
    types: Types | None = None
    description: Description | None = None
    secret: Secret | None = None


class EndpointChanges(Body):
    """What to change of an endpoint; members left out keep their values."""

    url: Url | UnsetType = UNSET
    types: Types | None | UnsetType = UNSET
    description: Description | None | UnsetType = UNSET
    state: Literal["active", "paused"] | UnsetType = UNSET


class RotateIn(Body):
    """The secret to use from now on, made where left out, and for how long the old one signs as well."""

    secret: Secret | None = None
    overlap_seconds: Annotated[int, Meta(ge=0, le=30 * 86_400)] = 86_400


class EndpointsQuery(Body):
    """Which endpoints to list."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: str | None = None


class DeliveriesQuery(Body):
    """Which deliveries to list."""

    state: DeliveryState | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class RedeliverIn(Timed):
    """What to deliver again: a range of positions, or all that failed since an instant."""

    first: Position | None = None
    last: Position | None = None
    failed_since: Instant | None = None


class RecentTries(msgspec.Struct):
    """The newest tries: how many, how many of them were taken, and milliseconds at the median and of 95 in 100."""

    attempts: int
    delivered: int
    p50_ms: int | None
    p95_ms: int | None


class EndpointHealth(msgspec.Struct):
    """How an endpoint does.

    ``behind`` are the events not yet on their way, ``waiting`` and ``failed`` its deliveries, up to 10,000 counted;
    ``recent`` is of the newest hundred tries at most.
    """

    behind: int
    waiting: int
    failed: int
    failing_since: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None
    recent: RecentTries


class EndpointOut(msgspec.Struct):
    """An endpoint, without its secret."""

    id: UUID
    url: str
    types: list[str]
    description: str | None
    state: EndpointState
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    old_secret_until: datetime | None
    created_at: datetime
    changed_at: datetime
    health: EndpointHealth


class Endpoints(msgspec.Struct):
    """Some endpoints, and the cursor of those that follow."""

    endpoints: list[EndpointOut]
    next: str | None


class EndpointSecret(msgspec.Struct):
    """An endpoint with the secret that it signs with, shown this once."""

    endpoint: EndpointOut
    secret: str


class AttemptOut(msgspec.Struct):
    """One try: the status of the answer and how it began, or the error that kept it from us."""

    tried_at: datetime
    duration_ms: int
    status: int | None
    error: AttemptError | None
    answer: str | None


class DeliveryOut(msgspec.Struct):
    """One event on its way to one endpoint; ``next_try_at`` while it waits. Its id for receivers is ``webhook_id``."""

    position: int
    webhook_id: UUID
    type: str
    state: DeliveryState
    attempts: int
    next_try_at: datetime | None
    created_at: datetime
    done_at: datetime | None


class Deliveries(msgspec.Struct):
    """Some deliveries, the newest first, and the cursor of those that follow."""

    deliveries: list[DeliveryOut]
    next: str | None


class DeliveryTried(msgspec.Struct):
    """A delivery with its tries, the newest first, a hundred at most."""

    delivery: DeliveryOut
    attempts: list[AttemptOut]


class Redelivered(msgspec.Struct):
    """How many are on their way again; ``next`` is the position to go on with, where there were more than at once."""

    redelivered: int
    next: int | None


def endpoint_out(endpoint: Endpoint, figures: Figures) -> EndpointOut:
    """``endpoint`` with the figures of how it does."""
    return EndpointOut(
        id=endpoint.id,
        url=endpoint.url,
        types=endpoint.types.split(),
        description=endpoint.description,
        state=endpoint.state,
        disabled_at=endpoint.disabled_at,
        disabled_reason=endpoint.disabled_reason,
        old_secret_until=endpoint.old_secret_until,
        created_at=endpoint.created_at,
        changed_at=endpoint.changed_at,
        health=EndpointHealth(
            behind=endpoint.behind,
            waiting=figures.waiting,
            failed=figures.failed,
            failing_since=endpoint.failing_since,
            delivered_at=endpoint.delivered_at,
            failed_at=endpoint.failed_at,
            recent=RecentTries(figures.attempts, figures.delivered, figures.p50_ms, figures.p95_ms),
        ),
    )


def delivery_out(delivery: KnownDelivery) -> DeliveryOut:
    """``delivery`` without what only a worker needs to know."""
    return DeliveryOut(
        position=delivery.position,
        webhook_id=delivery.webhook_id,
        type=delivery.type,
        state=delivery.state,
        attempts=delivery.attempts,
        next_try_at=delivery.due_at if delivery.state == "waiting" else None,
        created_at=delivery.created_at,
        done_at=delivery.done_at,
    )
