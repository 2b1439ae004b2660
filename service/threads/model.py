"""The table of threads, and a thread as the deeds hold it."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Row, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.sites.settings import MODES, Mode
from service.storage.schema import Base, RowId, one_of

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
    reply_count: Mapped[int]
    places: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    shown_version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Thread(msgspec.Struct):
    """A thread as one transaction holds it: read under its lock, changed in memory, written once.

    ``places`` and ``sequence`` are the last ones given; ``updated_at`` is the host's own; ``mode`` None is the site's.
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
    reply_count: int
    places: int
    sequence: int
    shown_version: int
    created_at: datetime
    changed_at: datetime

    def is_embargoed(self, now: datetime) -> bool:
        """Whether the article is not published yet, so that no reader may know of it."""
        return self.published_at is not None and self.published_at > now


COLUMNS = tuple(getattr(ThreadRow, name) for name in Thread.__struct_fields__)


def thread_of(row: Row[*tuple[Any, ...]]) -> Thread:
    """The thread in a row of :data:`COLUMNS`."""
    return Thread(*row)
