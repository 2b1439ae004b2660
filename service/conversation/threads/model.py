"""The tables of threads and of what is known of their articles, and a thread as the deeds hold it."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Row, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.sites.site_settings import MODES, Mode
from service.platform.storage.schema import Base, RowId, one_of

ClosingKind = Literal["at", "never", "auto"]

_OPEN_UNTIL = text("closed_at IS NULL AND closing_kind = 'at'")
_OPEN_AUTO = text("closed_at IS NULL AND closing_kind = 'auto' AND published_at IS NOT NULL")


class ThreadRow(Base):
    """The comments of one article, exactly one thread per article.

    ``closed_at`` is set once a close has been written; a closing time that has passed closes the thread as well,
    whether or not somebody has written it yet (``closing.py``). The two partial indexes hold what a sweep must look
    at; no index covers a count, so counting rewrites none.
    """

    __tablename__ = "threads"
    __table_args__ = (
        UniqueConstraint("site_id", "article"),
        Index("ix_threads_url", "site_id", "url"),
        Index("ix_threads_open_until", "closing_at", sqlite_where=_OPEN_UNTIL, postgresql_where=_OPEN_UNTIL),
        Index("ix_threads_open_auto", "site_id", "published_at", sqlite_where=_OPEN_AUTO, postgresql_where=_OPEN_AUTO),
        one_of("closing_kind", ("at", "never", "auto")),
        one_of("mode", MODES),
        CheckConstraint("(closing_kind = 'at') = (closing_at IS NOT NULL)", name="closing_at"),
        CheckConstraint("reply_count >= 0", name="reply_count"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    article: Mapped[str] = mapped_column(String(500))
    title: Mapped[str] = mapped_column(String(500))
    url: Mapped[str | None] = mapped_column(String(2000))
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    comments_on: Mapped[bool]
    mode: Mapped[str | None] = mapped_column(String(20))
    closing_kind: Mapped[str] = mapped_column(String(8))
    closing_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None] = mapped_column(String(500))
    withdrawn_at: Mapped[datetime | None]
    reply_count: Mapped[int]
    places: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    shown_version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ArticleAliasRow(Base):
    """An id that an article had before, or a thread that is gone: it answers with the thread that the article has now.

    A thread whose article has the id now comes first.
    """

    __tablename__ = "article_aliases"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    article: Mapped[str] = mapped_column(String(500), primary_key=True)
    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), index=True)


class UrlAliasRow(Base):
    """A URL that an article had before; a thread whose article has it now comes first."""

    __tablename__ = "url_aliases"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    url: Mapped[str] = mapped_column(String(2000), primary_key=True)
    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), index=True)


class ArticleToldRow(Base):
    """When the host told each thing of an article last (``told.py``), as JSON, so that late news undo nothing.

    Apart from the thread, whose row is read with every post.
    """

    __tablename__ = "articles_told"

    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), primary_key=True)
    told: Mapped[str]


class ArticleStandingRow(Base):
    """That an article without a thread was withdrawn or restored, for what the host said before may come after."""

    __tablename__ = "article_standings"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    article: Mapped[str] = mapped_column(String(500), primary_key=True)
    withdrawn: Mapped[bool]
    told_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)


class ErasureRow(Base):
    """A thread whose comments are to be erased, and how far that has come.

    Comments at places after ``places`` came later and stay. Those at paths from ``below`` on are erased, and so is what
    events told of them up to ``after_sequence``.
    """

    __tablename__ = "erasures"

    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), primary_key=True)
    places: Mapped[int] = mapped_column(BigInteger)
    below: Mapped[bytes] = mapped_column(LargeBinary(84))
    after_sequence: Mapped[int] = mapped_column(BigInteger)


class Thread(msgspec.Struct):
    """A thread as one transaction holds it: read under its lock, changed in memory, written once.

    ``places`` and ``sequence`` are the last ones given; ``updated_at`` is the host's own; ``mode`` None is the site's;
    ``withdrawn_at`` is since when its article is no longer public, by the host's own clock.
    """

    id: int
    site_id: int
    article: str
    title: str
    url: str | None
    published_at: datetime | None
    updated_at: datetime | None
    comments_on: bool
    mode: Mode | None
    closing_kind: ClosingKind
    closing_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    withdrawn_at: datetime | None
    reply_count: int
    places: int
    sequence: int
    shown_version: int
    created_at: datetime
    changed_at: datetime

    def is_embargoed(self, now: datetime) -> bool:
        """Whether the article is not published yet, so that no reader may know of it."""
        return self.published_at is not None and self.published_at > now

    def is_hidden(self, now: datetime) -> bool:
        """Whether no reader may know of the article: it is not published yet, or was withdrawn."""
        return self.withdrawn_at is not None or self.is_embargoed(now)


COLUMNS = tuple(getattr(ThreadRow, name) for name in Thread.__struct_fields__)


def thread_of(row: Row[*tuple[Any, ...]]) -> Thread:
    """The thread in a row of :data:`COLUMNS`."""
    return Thread(*row)
