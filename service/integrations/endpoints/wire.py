"""Request and response bodies for endpoints, deliveries and attempts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.threads.wire import Instant, Url
from service.integrations.endpoints.deliveries import HealthFigures, StoredDelivery
from service.integrations.endpoints.endpoint_store import Endpoint
from service.integrations.endpoints.model import DeliveryState, EndpointState
from service.integrations.endpoints.send_attempt import AttemptError
from service.platform.outbound.retry_schedule import DisabledReason
from service.platform.wire import Body, BodyWithTimes

Position = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Types = Annotated[list[Annotated[str, Meta(min_length=1, max_length=32)]], Meta(min_length=1, max_length=30)]
Description = Annotated[str, Meta(min_length=1, max_length=500)]
Secret = Annotated[str, Meta(min_length=38, max_length=100, pattern=r"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$(?!\n)")]


class EndpointIn(Body):
    """A new endpoint: no ``types`` means every type, and no ``secret`` means a generated one."""

    url: Url
    types: Types | None = None
    description: Description | None = None
    svix_headers: bool = False
    held_text: bool = False
    secret: Secret | None = None


class EndpointChanges(Body):
    """Changes to an endpoint; omitted members keep their values."""

    url: Url | UnsetType = UNSET
    types: Types | None | UnsetType = UNSET
    description: Description | None | UnsetType = UNSET
    svix_headers: bool | UnsetType = UNSET
    held_text: bool | UnsetType = UNSET
    state: Literal["active", "paused"] | UnsetType = UNSET


class RotateIn(Body):
    """The new secret, generated if omitted, and how long the old one still signs, in seconds."""

    secret: Secret | None = None
    overlap_seconds: Annotated[int, Meta(ge=0, le=30 * 86_400)] = 86_400


class EndpointsQuery(Body):
    """Query parameters to list endpoints."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: str | None = None


class DeliveriesQuery(Body):
    """Query parameters to list deliveries."""

    state: DeliveryState | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class RedeliverIn(BodyWithTimes):
    """Events to redeliver: a range of positions, or all failures since an instant."""

    first: Position | None = None
    last: Position | None = None
    failed_since: Instant | None = None


class RecentAttempts(msgspec.Struct):
    """The newest attempts: their number, the successes, and the latency at p50 and p95 in milliseconds."""

    attempts: int
    delivered: int
    p50_ms: int | None
    p95_ms: int | None


class EndpointHealth(msgspec.Struct):
    """An endpoint's health.

    ``lag`` counts events without a delivery yet; ``waiting`` and ``failed`` count deliveries, up to 10,000 each.
    ``recent`` covers the newest 100 attempts.
    """

    lag: int
    waiting: int
    failed: int
    failing_since: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None
    recent: RecentAttempts


class EndpointOut(msgspec.Struct):
    """An endpoint without its secret."""

    id: UUID
    url: str
    types: list[str]
    description: str | None
    svix_headers: bool
    held_text: bool
    state: EndpointState
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    old_secret_until: datetime | None
    created_at: datetime
    changed_at: datetime
    health: EndpointHealth


class Endpoints(msgspec.Struct):
    """A page of endpoints, and the cursor of the next page."""

    endpoints: list[EndpointOut]
    next: str | None


class EndpointSecret(msgspec.Struct):
    """An endpoint with its signing secret, which is shown only once."""

    endpoint: EndpointOut
    secret: str


class AttemptOut(msgspec.Struct):
    """One attempt: the response's status, or the error; of a test message also the beginning of the response's body."""

    attempted_at: datetime
    duration_ms: int
    status: int | None
    error: AttemptError | None
    response: str | None


class DeliveryOut(msgspec.Struct):
    """One event on its way to one endpoint.

    ``webhook_id`` is the id that receivers see. ``next_attempt_at`` is set while the delivery waits.
    """

    position: int
    webhook_id: UUID
    type: str
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    created_at: datetime
    completed_at: datetime | None


class Deliveries(msgspec.Struct):
    """A page of deliveries, the newest first, and the cursor of the next page."""

    deliveries: list[DeliveryOut]
    next: str | None


class DeliveryDetail(msgspec.Struct):
    """A delivery with its newest 100 attempts, the newest first."""

    delivery: DeliveryOut
    attempts: list[AttemptOut]


class Redelivered(msgspec.Struct):
    """The number of redeliveries; ``next`` is the position to continue from after the limit."""

    redelivered: int
    next: int | None


def endpoint_out(endpoint: Endpoint, figures: HealthFigures) -> EndpointOut:
    """Return the response for ``endpoint`` with its health figures."""
    return EndpointOut(
        id=endpoint.id,
        url=endpoint.url,
        types=endpoint.types.split(),
        description=endpoint.description,
        svix_headers=endpoint.svix_headers,
        held_text=endpoint.held_text,
        state=endpoint.state,
        disabled_at=endpoint.disabled_at,
        disabled_reason=endpoint.disabled_reason,
        old_secret_until=endpoint.old_secret_until,
        created_at=endpoint.created_at,
        changed_at=endpoint.changed_at,
        health=EndpointHealth(
            lag=endpoint.lag,
            waiting=figures.waiting,
            failed=figures.failed,
            failing_since=endpoint.failing_since,
            delivered_at=endpoint.delivered_at,
            failed_at=endpoint.failed_at,
            recent=RecentAttempts(figures.attempts, figures.delivered, figures.p50_ms, figures.p95_ms),
        ),
    )


def delivery_out(delivery: StoredDelivery) -> DeliveryOut:
    """Return the response for ``delivery``, without the worker's own columns."""
    return DeliveryOut(
        position=delivery.position,
        webhook_id=delivery.webhook_id,
        type=delivery.type,
        state=delivery.state,
        attempts=delivery.attempts,
        next_attempt_at=delivery.due_at if delivery.state == "waiting" else None,
        created_at=delivery.created_at,
        completed_at=delivery.completed_at,
    )
