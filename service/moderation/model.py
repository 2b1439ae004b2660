"""The tables of reports, of claims, and of the words that moderators search."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.schema import Base, RowId, one_of

REASONS = ("spam", "abuse", "off-topic", "illegal", "personal", "other")

_LEFT_WORDS, _LEFT_WORDS_IN_SQLITE = text("left_words"), text("left_words = 1")


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


class ClaimRow(Base):
    """A comment that a moderator, or the holder of a key, has been handed, until a time."""

    __tablename__ = "claims"
    __table_args__ = ({"sqlite_with_rowid": False},)

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    claimed_by: Mapped[str] = mapped_column(String(12), index=True)
    until: Mapped[datetime]


class SearchEntryRow(Base):
    """The words of a comment and its author's name, folded, in their order (``search_words.py``).

    On PostgreSQL the document is a ``tsvector`` with a GIN index. On SQLite it is text, and its index is an FTS5 table
    that triggers keep in line; ``id`` is what that table knows it by. ``left_words`` is set where words of it have
    gone that the index may still hold.
    """

    __tablename__ = "search_entries"
    __table_args__ = (
        Index("ix_search_entries_document", "document", postgresql_using="gin"),
        Index("ix_search_entries_left_words", "id", sqlite_where=_LEFT_WORDS_IN_SQLITE, postgresql_where=_LEFT_WORDS),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), unique=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    document: Mapped[str] = mapped_column(TSVECTOR().with_variant(Text(), "sqlite"))
    left_words: Mapped[bool]
