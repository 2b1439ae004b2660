"""Weekly opening hours by the clock of a time zone, written as schema.org does: ``Mo-Fr 08:00-22:00; Sa 10:00-18:00``.

A span begins and ends when the clock first shows that time. So a day on which the clock changes has an hour more or
less, a time that the clock skips is as much later as the clock skips, and one that it repeats counts once.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY, _TIME = "(?:Mo|Tu|We|Th|Fr|Sa|Su)", "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN, _RANGE = f"{_TIME}-(?:{_TIME}|24:00)", f"{_DAY}(?:-{_DAY})?"
_RULE = f"{_RANGE}(?:,{_RANGE})* {_SPAN}(?:,{_SPAN})*"
HOURS_PATTERN = rf"^{_RULE}(?:; {_RULE}){{0,19}}$(?!\n)"
WEEK = 7 * 24 * 60  # minutes


class InvalidHours(Exception):
    """Two spans overlap, or one is empty; the message is one line for the user."""


class OpenTime(NamedTuple):
    """A span of the week in minutes since Monday, 00:00; one that begins on Sunday may end after the week."""

    start: int
    end: int


@lru_cache(maxsize=256)
def parse_hours(text: str) -> tuple[OpenTime, ...]:
    """Parse ``text``, which fits :data:`HOURS_PATTERN`; raises InvalidHours."""
    spans = sorted(span for rule in text.split("; ") for span in _spans_of(rule))
    for one, other in zip(spans, [*spans[1:], OpenTime(spans[0].start + WEEK, spans[0].end + WEEK)], strict=True):
        if other.start < one.end:
            both = " and ".join(_named(span) for span in (one, other))
            raise InvalidHours(f"“opening_hours” overlap: {both}. Write them as one span.")
    return tuple(spans)


def _spans_of(rule: str) -> list[OpenTime]:
    days, times = rule.split(" ")
    found = []
    for part in days.split(","):
        first, _, last = part.partition("-")
        count = (DAYS.index(last or first) - DAYS.index(first)) % 7 + 1
        for day in range(DAYS.index(first), DAYS.index(first) + count):
            found += [_span(day % 7 * 24 * 60, each) for each in times.split(",")]
    return found


def _span(midnight: int, times: str) -> OpenTime:
    start, end = (int(each[:2]) * 60 + int(each[3:]) for each in times.split("-"))
    if start == end:
        raise InvalidHours(f"“opening_hours”: {times} is empty; write 00:00-24:00 for a whole day.")
    return OpenTime(midnight + start, midnight + end + (24 * 60 if end < start else 0))


def _named(span: OpenTime) -> str:
    start, end = (f"{minute // 60 % 24:02}:{minute % 60:02}" for minute in span)
    return f"{DAYS[span.start // (24 * 60) % 7]} {start}-{end}"


class Hours(NamedTuple):
    """Whether it is open, since when if known, and the next time that this may change."""

    is_open: bool
    since: datetime | None
    until: datetime | None


def hours_at(text: str, time_zone: str, now: datetime) -> Hours:
    """Return whether it is open at ``now`` by the hours ``text`` and the clock of ``time_zone``."""
    changes, hours = _hours_around(text, time_zone, now.date())
    return hours[bisect_right(changes, now)]


@lru_cache(maxsize=1024)
def _hours_around(text: str, time_zone: str, day: date) -> tuple[tuple[datetime, ...], tuple[Hours, ...]]:
    """Return the changes from a week before ``day`` to a week after it, in UTC, and the hours before, between, after.

    Each post asks for the hours several times.
    """
    monday = day - timedelta(days=day.weekday())
    weeks = (monday + timedelta(weeks=week) for week in (-2, -1, 0, 1, 2))
    spans = [
        (_instant(week, span.start, time_zone), _instant(week, span.end, time_zone))
        for week in weeks
        for span in parse_hours(text)
    ]
    changes = tuple(sorted({instant for span in spans for instant in span}))
    hours = tuple(
        Hours(since is not None and any(start <= since < end for start, end in spans), since, until)
        for since, until in zip([None, *changes], [*changes, None], strict=True)
    )
    return changes, hours


def _instant(monday: date, minute: int, time_zone: str) -> datetime:
    """Return when the clock first shows the ``minute`` of the week that begins on ``monday``."""
    day = monday + timedelta(days=minute // (24 * 60))
    shown = clock_time(minute // 60 % 24, minute % 60)
    return datetime.combine(day, shown, ZoneInfo(time_zone)).astimezone(UTC)
