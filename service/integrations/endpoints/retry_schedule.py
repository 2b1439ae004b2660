"""When a delivery is tried again, when no more, and when an endpoint has failed for too long. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

DisabledReason = Literal["gone", "failing"]

LONGEST_REST = timedelta(hours=24)
FAILING_FOR = timedelta(days=5)
JITTER = 0.2
GONE = 410
BUSY = frozenset({429, 503})


def is_success(status: int | None) -> bool:
    """Whether an answer says that the message was taken: 2xx alone does."""
    return status is not None and 200 <= status < 300


def next_try(
    tries: int, schedule: Sequence[timedelta], *, now: datetime, not_before: datetime | None, chance: float
) -> datetime | None:
    """When to try again after ``tries`` have failed; None where that was the last.

    A delay is up to a fifth longer than the schedule says, by ``chance`` (0 to 1), so that what failed together does
    not come back together. It is not before ``not_before``, which the receiver asked for.
    """
    if tries > len(schedule):
        return None
    at = now + schedule[tries - 1] * (1 + JITTER * chance)
    return max(at, not_before) if not_before else at


def asked_to_wait(status: int | None, retry_after: str | None, *, now: datetime) -> datetime | None:
    """Until when a receiver asks to be left alone, a day at most; None where it does not.

    ``retry_after`` is a header of 429 (RFC 6585) or 503: seconds or a date (RFC 9110, section 10.2.3).
    """
    if status not in BUSY or not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=int(text[:9])), LONGEST_REST)
    try:
        at = parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return min(at, now + LONGEST_REST) if at > now else None


def why_disabled(status: int | None, failing_since: datetime, *, now: datetime) -> DisabledReason | None:
    """Why an endpoint is to be disabled after a try that failed; None where it is not.

    ``failing_since`` is when the first of the tries failed that have failed without one in between that did not.
    """
    if status == GONE:
        return "gone"
    if now - failing_since >= FAILING_FOR:
        return "failing"
    return None
