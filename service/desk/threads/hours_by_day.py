"""Weekly opening hours as a form has them, a line for each day, and as the settings have them. Pure."""

import re
from collections.abc import Sequence
from itertools import groupby

from service.platform.sites.opening_hours import DAYS, HOURS_PATTERN, parse_hours

_DAY_MINUTES = 24 * 60
_SPAN = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))?-(\d{1,2})(?:[:.]?(\d{2}))?")


class InvalidDay(Exception):
    """The hours of a day, whose number it has, are no spans of time."""

    def __init__(self, day: int) -> None:
        super().__init__(day)
        self.day = day


def lines_of(hours: str) -> list[str]:
    """Return the spans of each day from Monday to Sunday; the line of a closed day is empty."""
    lines: list[list[str]] = [[] for _ in DAYS]
    for start, end in parse_hours(hours):
        day = start // _DAY_MINUTES
        lines[day].append(f"{_clock(start)}-{'24:00' if end == (day + 1) * _DAY_MINUTES else _clock(end)}")
    return [", ".join(each) for each in lines]


def hours_of(lines: Sequence[str]) -> str | None:
    """Return the hours for :attr:`SiteSettings.opening_hours`; None if each day is closed. Raises InvalidDay."""
    written = [_spans(number, line) for number, line in enumerate(lines)]
    rules = []
    for spans, group in groupby(zip(DAYS, written, strict=True), key=lambda each: each[1]):
        days = [day for day, _ in group]
        if spans:
            rules.append(f"{days[0]}{f'-{days[-1]}' if len(days) > 1 else ''} {spans}")
    return "; ".join(rules) or None


def _spans(number: int, line: str) -> str:
    """Read a line such as ``8-12, 13:30–22:00``; raises InvalidDay."""
    parts = re.sub(r"\s", "", re.sub("[–—−]", "-", line)).replace(";", ",").split(",")
    spans = []
    for part in filter(None, parts):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise InvalidDay(number)
        spans.append(f"{int(match[1]):02}:{match[2] or '00'}-{int(match[3]):02}:{match[4] or '00'}")
    written = ",".join(spans)
    if written and not re.match(HOURS_PATTERN, f"{DAYS[number]} {written}"):
        raise InvalidDay(number)
    return written


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
