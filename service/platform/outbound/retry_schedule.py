"""The retry schedule of deliveries: when to retry, when to give up, and when to disable an endpoint. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

DisabledReason = Literal["gone", "failing"]

DEFAULT_DELAYS = "5s 5m 30m 2h 5h 10h 14h 20h 24h"
MAX_DELAY = timedelta(days=30)
MAX_BACKOFF = timedelta(hours=24)
MAX_FAILING_TIME = timedelta(days=5)
JITTER = 0.2
GONE = 410
BUSY = frozenset({429, 503})


def parse_delays(text: str) -> list[timedelta]:
    """Return the delays between the attempts of a delivery from ``text``, as in :data:`DEFAULT_DELAYS`.

    Raises ValueError for other text, or a delay over :data:`MAX_DELAY`.
    """
    found = [_DELAY.fullmatch(word) for word in text.split()]
    if not all(found):
        raise ValueError
    delays = [timedelta(**{_UNITS[each[2]]: float(each[1])}) for each in found if each]
    if max(delays, default=timedelta()) > MAX_DELAY:
        raise ValueError
    return delays


_DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def is_success(status: int | None) -> bool:
    """Whether the response accepts the message: only 2xx does."""
    return status is not None and 200 <= status < 300


def next_attempt_at(
    step: int, schedule: Sequence[timedelta], *, now: datetime, not_before: datetime | None, chance: float
) -> datetime | None:
    """Return the time of the next attempt after ``step`` failed attempts; None after the last one.

    Jitter adds up to a fifth to the scheduled delay, by ``chance`` (0 to 1), so failed deliveries do not return all
    at once. The result is never before ``not_before``, which the receiver asked for.
    """
    if step > len(schedule):
        return None
    at = now + schedule[step - 1] * (1 + JITTER * chance)
    return max(at, not_before) if not_before else at


def requested_backoff(status: int | None, retry_after: str | None, *, now: datetime) -> datetime | None:
    """Return the end of the pause that a receiver asks for, at most one day; otherwise None.

    ``retry_after`` is the header of a 429 (RFC 6585, section 4) or 503 response: seconds or a date (RFC 9110,
    section 10.2.3).
    """
    if status not in BUSY or not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=int(text[:9])), MAX_BACKOFF)
    try:
        at = parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return min(at, now + MAX_BACKOFF) if at > now else None


def reason_to_disable(status: int | None, failing_since: datetime, *, now: datetime) -> DisabledReason | None:
    """Return why an endpoint must be disabled after a failed attempt; otherwise None.

    ``failing_since`` is the time of the first failure since the last success.
    """
    if status == GONE:
        return "gone"
    if now - failing_since >= MAX_FAILING_TIME:
        return "failing"
    return None
