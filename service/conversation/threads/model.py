"""Tables of threads and their articles, and the thread struct."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Row, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.sites.sections import MAX_SECTION
from service.platform.sites.site_settings import MODES, Mode
from service.platform.storage.schema import Base, RowId, one_of

ClosingKind = Literal["at", "never", "auto"]

_OPEN_UNTIL = text("closed_at IS NULL AND closing_kind = 'at'")
_IN_CLOSURE = text("closure_id IS NOT NULL")
_HAS_SECTION = text("section IS NOT NULL")
_OPEN_AUTO = text("closed_at IS NULL AND closing_kind = 'auto' AND published_at IS NOT NULL")


class ThreadRow(Base):
    """The comments of one article; each article has exactly one thread.

    ``closed_at`` is set when a close is written. A closing time that has passed also closes the thread, written or not
    (``thread_policy.py``). The two partial indexes hold the threads a sweep must check. No index covers a count, so a
    new count updates no index. ``closure_id`` is the closure that closed the thread, if one did; no foreign key, which
    would be checked thread by thread. ``reason_before`` is the reason of a later close that it already had then.
    """

    __tablename__ = "threads"
    __table_args__ = (
        UniqueConstraint("site_id", "article"),
        Index("ix_threads_url", "site_id", "url"),
        Index("ix_threads_open_until", "closing_at", sqlite_where=_OPEN_UNTIL, postgresql_where=_OPEN_UNTIL),
        Index("ix_threads_open_auto", "site_id", "published_at", sqlite_where=_OPEN_AUTO, postgresql_where=_OPEN_AUTO),
        Index(
            "ix_threads_section", "site_id", "section", "id", sqlite_where=_HAS_SECTION, postgresql_where=_HAS_SECTION
        ),
        Index("ix_threads_closure_id", "closure_id", sqlite_where=_IN_CLOSURE, postgresql_where=_IN_CLOSURE),
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
    section: Mapped[str | None] = mapped_column(String(MAX_SECTION))
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    comments_on: Mapped[bool]
    mode: Mapped[str | None] = mapped_column(String(20))
    who_may_post: Mapped[str | None]
    closing_kind: Mapped[str] = mapped_column(String(8))
    closing_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None] = mapped_column(String(500))
    closure_id: Mapped[UUID | None]
    reason_before: Mapped[str | None] = mapped_column(String(500))
    withdrawn_at: Mapped[datetime | None]
    reply_count: Mapped[int]
    places: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    shown_version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ThreadActivityRow(Base):
    """How many replies a thread has, and when the newest was published, as of the log so far (``thread_activity.py``).

    Until the first reply, ``active_at`` is when the article was published or registered.
    """

    __tablename__ = "thread_activity"
    __table_args__ = (
        Index("ix_thread_activity_replies", "site_id", "reply_count", "thread_id", "active_at"),
        Index("ix_thread_activity_active_at", "site_id", "active_at", "thread_id"),
    )

    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    reply_count: Mapped[int]
    active_at: Mapped[datetime]


class ArticleAliasRow(Base):
    """A former id of an article, or the id of a merged thread; it resolves to the article's thread.

    A thread whose article has the id now takes precedence.
    """

    __tablename__ = "article_aliases"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    article: Mapped[str] = mapped_column(String(500), primary_key=True)
    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), index=True)


class UrlAliasRow(Base):
    """A former URL of an article; a thread whose article has the URL now takes precedence."""

    __tablename__ = "url_aliases"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    url: Mapped[str] = mapped_column(String(2000), primary_key=True)
    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), index=True)


class ArticleEventTimesRow(Base):
    """The latest event time of each field of an article, as JSON (``article_event_order.py``).

    It has a table of its own because every post reads the thread's row.
    """

    __tablename__ = "article_event_times"

    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), primary_key=True)
    times: Mapped[str]


class ArticleWithdrawalRow(Base):
    """The withdrawal or restoration of an article without a thread; its earlier events may still arrive."""

    __tablename__ = "article_withdrawals"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    article: Mapped[str] = mapped_column(String(500), primary_key=True)
    withdrawn: Mapped[bool]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)


class ErasureRow(Base):
    """A thread whose comments are being erased, and the progress.

    Comments at places after ``places`` were posted later and stay. Those at paths from ``below`` on are already erased.
    """

    __tablename__ = "erasures"

    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), primary_key=True)
    places: Mapped[int] = mapped_column(BigInteger)
    below: Mapped[bytes] = mapped_column(LargeBinary(84))


class Thread(msgspec.Struct):
    """A thread within one transaction: read under its lock, changed in memory, written once.

    ``places`` and ``sequence`` are the last numbers used. ``updated_at`` is the host's own time. ``mode`` and
    ``who_may_post``, which is JSON, are None if the section or site decides. ``withdrawn_at`` is when the article
    stopped being public, by the host's clock.
    """

    id: int
    site_id: int
    article: str
    title: str
    url: str | None
    section: str | None
    published_at: datetime | None
    updated_at: datetime | None
    comments_on: bool
    mode: Mode | None
    who_may_post: str | None
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
        """Whether the article is not published yet, so readers must not see it."""
        return self.published_at is not None and self.published_at > now

    def is_hidden(self, now: datetime) -> bool:
        """Whether the article is hidden from readers: not published yet, or withdrawn."""
        return self.withdrawn_at is not None or self.is_embargoed(now)


COLUMNS = tuple(getattr(ThreadRow, name) for name in Thread.__struct_fields__)


def thread_of(row: Row[*tuple[Any, ...]]) -> Thread:
    """Build the thread from a row of :data:`COLUMNS`."""
    return Thread(*row)
