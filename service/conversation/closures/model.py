"""The table of closures, and the closure struct."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ForeignKey, Index, Row, String
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.sites.sections import MAX_SECTION
from service.platform.storage.schema import Base, one_of

Scope = Literal["site", "threads"]


class ClosureRow(Base):
    """A closure of a whole site, or of threads; ``threads`` counts those it closed.

    The closure of a site is in force while the site's status has it (``site_status.py``), so that posts need no query
    for it. The threads of a closure have its id.
    """

    __tablename__ = "closures"
    __table_args__ = (Index("ix_closures_site_id", "site_id", "id"), one_of("scope", get_args(Scope)))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    scope: Mapped[str] = mapped_column(String(7))
    section: Mapped[str | None] = mapped_column(String(MAX_SECTION))
    published_before: Mapped[datetime | None]
    quiet_since: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    closed_at: Mapped[datetime]
    until: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]
    threads: Mapped[int]


class Closure(msgspec.Struct, frozen=True):
    """A closure; ``threads`` is how many it closed, for a site how many were open."""

    id: UUID
    scope: Scope
    section: str | None
    published_before: datetime | None
    quiet_since: datetime | None
    reason: str | None
    closed_at: datetime
    until: datetime | None
    reopened_at: datetime | None
    threads: int


COLUMNS = tuple(getattr(ClosureRow, name) for name in Closure.__struct_fields__)


def closure_of(row: Row[*tuple[Any, ...]]) -> Closure:
    """Build the closure from a row of :data:`COLUMNS`."""
    return Closure(*row)
