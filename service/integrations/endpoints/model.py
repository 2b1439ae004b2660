"""Tables of webhook endpoints, deliveries, attempts and workers."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of

EndpointState = Literal["active", "paused", "disabled"]
DeliveryState = Literal["waiting", "delivered", "failed"]
DELIVERY_STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)

_WAITING, _FAILED, _LEASED = text("state = 'waiting'"), text("state = 'failed'"), text("worker_id IS NOT NULL")


class EndpointRow(Base):
    """A webhook endpoint of a site.

    ``position`` is the last event of the site's log that was fanned out. Later events have no deliveries yet, so an
    endpoint that is paused or slow costs no rows. ``retry_at`` is the time of the next check for due retries; it is
    never later than the first due retry. ``revision`` rises with each change that workers must read. The secrets
    are sealed; ``old_secret`` holds the replaced ones that still sign.
    """

    __tablename__ = "endpoints"
    __table_args__ = (
        Index("ix_endpoints_site_id", "site_id", "id"),
        one_of("state", (*get_args(EndpointState), "removed")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    url: Mapped[str] = mapped_column(String(2000))
    types: Mapped[str] = mapped_column(String(1000))
    description: Mapped[str | None] = mapped_column(String(500))
    svix_headers: Mapped[bool] = mapped_column(server_default=false())
    held_text: Mapped[bool] = mapped_column(server_default=false())
    secret: Mapped[bytes]
    old_secret: Mapped[bytes | None]
    old_secret_until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(8))
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(String(7))
    revision: Mapped[int]
    position: Mapped[int] = mapped_column(BigInteger)
    retry_at: Mapped[datetime | None]
    backoff_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class DeliveryRow(Base):
    """One event, named by its log position, on its way to one endpoint.

    While it waits, ``due_at`` is the time of the next attempt and ``worker_id`` the worker that holds it.
    ``schedule_step`` counts the attempts of the current retry schedule, which a redelivery restarts; ``attempts``
    counts all.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "endpoint_id", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_deliveries_failed", "endpoint_id", "position", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("ix_deliveries_leased", "worker_id", sqlite_where=_LEASED, postgresql_where=_LEASED),
        one_of("state", DELIVERY_STATES),
        {"sqlite_with_rowid": False},
    )

    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoints.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    state: Mapped[str] = mapped_column(String(9))
    due_at: Mapped[datetime]
    worker_id: Mapped[UUID | None]
    schedule_step: Mapped[int]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class AttemptRow(Base):
    """One attempt: the response's status, or the error.

    The response's body is not stored: a receiver may echo any text that it ever got, in the response to any event, and
    deleted text must be nowhere.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        ForeignKeyConstraint(["endpoint_id", "position"], ["deliveries.endpoint_id", "deliveries.position"]),
        {"sqlite_with_rowid": False},
    )

    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    attempted_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(16))


class WorkerRow(Base):
    """A process that delivers; its lease lasts until ``lease_expires_at`` and is renewed while it runs."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    lease_expires_at: Mapped[datetime]
