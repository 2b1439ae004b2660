"""Table of the moderators' search index."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, RowId

_LEFT_WORDS, _LEFT_WORDS_IN_SQLITE = text("left_words"), text("left_words = 1")


class SearchEntryRow(Base):
    """The folded words of a comment and its author's name, in order (``search_words.py``).

    On PostgreSQL the document is a ``tsvector`` with a GIN index. On SQLite it is text; triggers keep an FTS5 table in
    sync, and ``id`` is its row id. ``left_words`` is set when words were removed that the index may still contain.
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
