"""Opening hours by the clock of a time zone, also on the days on which it changes."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.platform.sites.opening_hours import HOURS_PATTERN, InvalidHours, hours_at, parse_hours

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def changes(text: str, *, since: str, hours: int, zone: str = BERLIN) -> list[str]:
    """The instants at which it opens (+) and closes (-) within some ``hours``, found minute by minute."""
    start, found = datetime.fromisoformat(since).replace(tzinfo=UTC), []
    was = hours_at(text, zone, start).is_open
    for minute in range(1, hours * 60 + 1):
        now = start + timedelta(minutes=minute)
        if (is_open := hours_at(text, zone, now).is_open) != was:
            found.append(f"{'+' if is_open else '-'}{now:%d %H:%M}")
            was = is_open
    return found


def test_hours_follow_the_local_clock_through_both_changes() -> None:
    always = "Mo-Su 08:00-22:00"
    # Summer time begins on 29 March 2026 at 01:00 UTC and ends on 25 October 2026 at 01:00 UTC.
    assert changes(always, since="2026-03-28T00:00", hours=48) == ["+28 07:00", "-28 21:00", "+29 06:00", "-29 20:00"]
    assert changes(always, since="2026-10-24T00:00", hours=48) == ["+24 06:00", "-24 20:00", "+25 07:00", "-25 21:00"]


def test_spans_over_a_change_begin_and_end_once() -> None:
    night = "Sa 22:00-04:00"
    assert changes(night, since="2026-03-28T12:00", hours=24) == ["+28 21:00", "-29 02:00"]  # five hours
    assert changes(night, since="2026-10-24T12:00", hours=24) == ["+24 20:00", "-25 03:00"]  # seven hours
    skipped, repeated = "Su 02:30-05:00", "Su 01:00-02:30"
    assert changes(skipped, since="2026-03-28T12:00", hours=24) == ["+29 01:30", "-29 03:00"]  # as if at 03:30
    assert changes(repeated, since="2026-10-24T12:00", hours=24) == ["+24 23:00", "-25 00:30"]  # the first 02:30


def test_the_last_and_the_next_change_are_known() -> None:
    hours = "Mo-Fr 08:00-12:00,13:00-18:00; Sa,Su 10:00-18:00"
    for now, expected in (
        ("2026-11-30T09:00", (True, "2026-11-30T08:00", "2026-11-30T12:00")),
        ("2026-11-30T12:00", (False, "2026-11-30T12:00", "2026-11-30T13:00")),
        ("2026-12-04T23:00", (False, "2026-12-04T18:00", "2026-12-05T10:00")),
        ("2026-12-06T18:00", (False, "2026-12-06T18:00", "2026-12-07T08:00")),
    ):
        assert hours_at(hours, BERLIN, at(now)) == (expected[0], at(expected[1]), at(expected[2])), now
    weekly = hours_at("Mo 08:00-09:00", "Pacific/Kiritimati", at("2026-12-06T23:59", "Pacific/Kiritimati"))
    assert (weekly.is_open, weekly.until) == (False, at("2026-12-07T08:00", "Pacific/Kiritimati"))
    assert changes("Mo-Su 00:00-24:00", since="2026-11-23T00:00", hours=24 * 8) == []
    assert changes("Su 23:00-01:00", since="2026-11-29T12:00", hours=24) == ["+29 22:00", "-30 00:00"]


def test_spans_that_overlap_or_are_empty_are_refused() -> None:
    for text, named in (
        ("Mo-Fr 08:00-12:00,11:00-13:00", "Mo 08:00-12:00 and Mo 11:00-13:00"),
        ("Mo-Fr 08:00-22:00; Fr 20:00-23:00", "Fr 08:00-22:00 and Fr 20:00-23:00"),
        ("Su 22:00-03:00; Mo 02:00-05:00", "Su 22:00-03:00 and Mo 02:00-05:00"),
        ("Mo 08:00-09:00; Mo 08:00-09:00", "Mo 08:00-09:00 and Mo 08:00-09:00"),
        ("Mo 08:00-08:00", "empty"),
    ):
        with pytest.raises(InvalidHours, match=named):
            parse_hours(text)
    assert len(parse_hours("Fr-Mo 08:00-12:00,12:00-24:00")) == 8


def test_other_spellings_do_not_fit_the_pattern() -> None:
    for text in ("", "Mo 8:00-9:00", "Mo 08:00-25:00", "Mo 24:00-25:00", "Mon 08:00-09:00", "Mo 08:00", "08:00-09:00"):
        assert not re.search(HOURS_PATTERN, text), text
    assert not re.search(HOURS_PATTERN, "Mo 08:00-09:00;Tu 08:00-09:00")
    assert not re.search(HOURS_PATTERN, "Mo 08:00-09:00\n")
