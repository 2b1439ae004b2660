"""Days that moderators choose in filters, in UTC."""

from datetime import UTC, date, datetime, time, timedelta


def day_begin(day: date | None) -> datetime | None:
    """Return the first instant of ``day``; None for no day."""
    return datetime.combine(day, time(), UTC) if day else None


def day_end(day: date | None) -> datetime | None:
    """Return the first instant after ``day``; None for no day."""
    return day_begin(day + timedelta(days=1)) if day and day < date.max else None
