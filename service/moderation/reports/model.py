"""The table of reports."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of

REASONS = ("spam", "abuse", "off-topic", "illegal", "personal", "other")


class ReportRow(Base):
    """A reader's complaint about a comment, once per reader; ``reporter_mark`` is the keyed hash of who that is.

    ``by_address`` is whether that is an address, which is forgotten in time. ``settled_by`` is the decision that
    settled it, or that stood when it was filed; null: it is open, and counted with the comment.
    """

    __tablename__ = "reports"
    __table_args__ = (
        Index(
            "ix_reports_by_address",
            "created_at",
            sqlite_where=text("by_address = 1"),
            postgresql_where=text("by_address"),
        ),
        one_of("reason", REASONS),
        {"sqlite_with_rowid": False},
    )

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    reporter_mark: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(9))
    note: Mapped[str | None] = mapped_column(String(500))
    by_address: Mapped[bool]
    settled_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
