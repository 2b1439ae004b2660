"""The tables of measures and reports."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of

REASONS = ("spam", "abuse", "off-topic", "illegal", "personal-data", "other")
KINDS = ("reader", "email", "domain", "address")
MeasureAction = Literal["ban", "hold", "trust", "note"]
MEASURE_ACTIONS: tuple[MeasureAction, ...] = get_args(MeasureAction)
_IS_SEALED, _HAS_CONTACT = text("sealed_words IS NOT NULL"), text("contact IS NOT NULL")


class MeasureRow(Base):
    """What moderators decided about a reader, for good or until a time: a ban, a hold, trust, or a note.

    ``fingerprint`` is a keyed hash (``access/fingerprints.py``); no e-mail or address is stored. ``masked_value`` is
    what moderators see. ``ended_at`` is the time a moderator ended it.
    """

    __tablename__ = "measures"
    __table_args__ = (
        Index("ix_measures_site_id", "site_id", "id"),
        Index("ix_measures_fingerprint", "site_id", "fingerprint"),
        Index("ix_measures_reader_id", "reader_id"),
        one_of("action", MEASURE_ACTIONS),
        one_of("kind", KINDS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    action: Mapped[str] = mapped_column(String(5))
    kind: Mapped[str] = mapped_column(String(7))
    fingerprint: Mapped[int] = mapped_column(BigInteger)
    masked_value: Mapped[str] = mapped_column(String(260))
    reader_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ReportRow(Base):
    """A reader's report on a comment, one per reader; ``reporter_fingerprint`` is the reporter's fingerprint.

    ``by_address`` is whether that is an address fingerprint, which has a retention. ``settled_by`` is the decision that
    settled the report, or the one in force when it was filed. NULL means open, and counted on the comment. ``receipt``
    is the SHA-256 of the token with which the reporter reads the outcome. ``sealed_words`` is the reported text of an
    ``illegal`` report, encrypted for moderators until the report is settled (``moderation/reports/sealed_words.py``).
    """

    __tablename__ = "reports"
    __table_args__ = (
        Index(
            "ix_reports_by_address",
            "created_at",
            sqlite_where=text("by_address = 1"),
            postgresql_where=text("by_address"),
        ),
        Index("ix_reports_created_at", "created_at"),
        Index("ix_reports_receipt", "receipt", unique=True),
        Index("ix_reports_sealed_words", "id", sqlite_where=_IS_SEALED, postgresql_where=_IS_SEALED),
        Index("ix_reports_contact", "created_at", sqlite_where=_HAS_CONTACT, postgresql_where=_HAS_CONTACT),
        one_of("reason", REASONS),
        {"sqlite_with_rowid": False},
    )

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    reporter_fingerprint: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(13))
    note: Mapped[str | None] = mapped_column(String(500))
    by_address: Mapped[bool]
    settled_by: Mapped[UUID | None]
    contact: Mapped[str | None] = mapped_column(String(254))
    receipt: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    sealed_words: Mapped[bytes | None]
    created_at: Mapped[datetime]
