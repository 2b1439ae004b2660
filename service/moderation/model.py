"""The tables of reports and of claims."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.schema import Base, one_of

REASONS = ("spam", "abuse", "off-topic", "illegal", "personal", "other")


class ReportRow(Base):
    """A reader's complaint about a comment, once per reader; ``reporter_mark`` is the keyed hash of who that is."""

    __tablename__ = "reports"
    __table_args__ = (one_of("reason", REASONS), {"sqlite_with_rowid": False})

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    reporter_mark: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(9))
    note: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]


class ClaimRow(Base):
    """A comment that a moderator, or the holder of a key, has been handed, until a time."""

    __tablename__ = "claims"
    __table_args__ = ({"sqlite_with_rowid": False},)

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    claimed_by: Mapped[str] = mapped_column(String(12), index=True)
    until: Mapped[datetime]
