"""Table of the moderators' search index."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, RowId

_STALE, _STALE_IN_SQLITE = text("has_stale_words"), text("has_stale_words = 1")


class SearchEntryRow(Base):
    """The folded words of a comment and its author's name, in order (``search_words.py``).

    On PostgreSQL the document is a ``tsvector`` with a GIN index. On SQLite it is text, and ``id`` is its row in an
    FTS5 table: ``search_index.py`` adds new documents there, and triggers follow those that change or go.
    ``has_stale_words`` is set when the index may still contain words that the document lost.
    """

    __tablename__ = "search_entries"
    __table_args__ = (
        Index("ix_search_entries_document", "document", postgresql_using="gin"),
        Index("ix_search_entries_has_stale_words", "id", sqlite_where=_STALE_IN_SQLITE, postgresql_where=_STALE),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), unique=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    document: Mapped[str] = mapped_column(TSVECTOR().with_variant(Text(), "sqlite"))
    has_stale_words: Mapped[bool]
