"""The tables of what happened (the log of each site), of who reads it, and of what was decided."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of


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


class LogReaderRow(Base):
    """How far one reader of a site's log has come: the position of the last event that it has done its work for."""

    __tablename__ = "log_readers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)


class DecisionRow(Base):
    """One decision of somebody: on a comment, a thread, a reader, the rules or the settings.

    Append-only; states and ids, never the text. ``decided_by`` is the id of a key or of a moderator's account, as
    ``by_kind`` says, and null for whoever runs the installation. ``reports`` is how many it settled, null where the
    comment had been looked at before.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_site_id", "site_id", "id"),
        Index("ix_decisions_comment_id", "comment_id", "id"),
        Index("ix_decisions_thread_id", "thread_id", "id"),
        Index("ix_decisions_reader_id", "reader_id", "id"),
        Index("ix_decisions_decided_by", "decided_by", "id"),
        one_of("by_kind", ("key", "moderator", "operator")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    action: Mapped[str] = mapped_column(String(16))
    comment_id: Mapped[UUID | None] = mapped_column(ForeignKey("comments.id"))
    thread_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("threads.id"))
    reader_id: Mapped[UUID | None]
    ban_id: Mapped[UUID | None]
    before: Mapped[str | None] = mapped_column(String(9))
    after: Mapped[str | None] = mapped_column(String(9))
    revision: Mapped[int | None]
    reports: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    by_kind: Mapped[str] = mapped_column(String(9), server_default="key")
    decided_by: Mapped[str | None] = mapped_column(String(12))
    decided_at: Mapped[datetime]
