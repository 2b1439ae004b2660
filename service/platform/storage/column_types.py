"""Column types that behave the same on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """A point in time, always timezone-aware and in UTC.

    PostgreSQL stores it natively. SQLite has no time type and stores the UTC time as text that sorts. The processors
    are our own because SQLAlchemy's for SQLite would take a tenth of the time of a post.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """Convert values for the database."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)
        return _to_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """Convert values from the database."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        return _from_text


def _to_text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")
