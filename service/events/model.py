"""The tables of what happened (the log of each site) and of what was decided."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.schema import Base


class EventRow(Base):
    """One fact that happened. Numbered without gaps in each site (position) and in each thread (sequence)."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("thread_id", "sequence"),
        {"sqlite_with_rowid": False},
    )

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID]
    type: Mapped[str] = mapped_column(String(32))
    thread_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("threads.id"))
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    occurred_at: Mapped[datetime]
    data: Mapped[str]


class DecisionRow(Base):
    """One judgement of one comment by the holder of a key. Append-only; states and ids, never the text."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_site_id", "site_id", "id"),
        Index("ix_decisions_comment_id", "comment_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"))
    verdict: Mapped[str] = mapped_column(String(16))
    before: Mapped[str] = mapped_column(String(9))
    after: Mapped[str] = mapped_column(String(9))
    revision: Mapped[int]
    reason: Mapped[str | None] = mapped_column(String(500))
    decided_by: Mapped[str] = mapped_column(String(12), ForeignKey("api_keys.id"))
    decided_at: Mapped[datetime]
