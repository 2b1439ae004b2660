"""The tables of the event log, its readers and the decision log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of


class EventRow(Base):
    """One event. Numbered without gaps in its site (position) and in its thread (sequence)."""

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
    """The position of a log reader: the last event that it has processed."""

    __tablename__ = "log_readers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)


class DecisionRow(Base):
    """One decision about a comment, a thread, a reader, the rules or the settings.

    Append-only; contains states and ids, never a comment's text. ``decided_by`` is the id of a key or a moderator's
    account or the name of a rule, depending on ``by_kind``, and null for the operator and for an author who deletes a
    reported comment or appeals. ``reason`` is the coded reason of a decision on a comment
    (``record_decisions.reason_of``); for other decisions it is text. ``note`` is for this log only. ``reports`` is the
    number of reports settled, null if the comment had already been reviewed. ``waited_ms`` is the time that the comment
    waited for this decision by a person, in milliseconds; null if it did not wait.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_site_id", "site_id", "id"),
        Index("ix_decisions_comment_id", "comment_id", "id"),
        Index("ix_decisions_thread_id", "thread_id", "id"),
        Index("ix_decisions_reader_id", "reader_id", "id"),
        Index("ix_decisions_decided_by", "decided_by", "id"),
        Index("ix_decisions_decided_at", "site_id", "decided_at"),
        one_of("by_kind", ("key", "moderator", "operator", "author", "rule")),
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
    note: Mapped[str | None] = mapped_column(String(500))
    waited_ms: Mapped[int | None] = mapped_column(BigInteger)
    by_kind: Mapped[str] = mapped_column(String(9), server_default="key")
    decided_by: Mapped[str | None] = mapped_column(String(32))
    decided_at: Mapped[datetime]
