"""The time of the next attempt, for every number of attempts and every ``Retry-After``."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from service.platform.outbound.retry_schedule import (
    DEFAULT_DELAYS,
    MAX_BACKOFF,
    is_success,
    next_attempt_at,
    parse_delays,
    reason_to_disable,
    requested_backoff,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SCHEDULE = parse_delays(DEFAULT_DELAYS)
chances = st.floats(0, 1, exclude_max=True)
instants = st.integers(-10_000_000, 10_000_000).map(lambda seconds: NOW + timedelta(seconds=seconds))


def test_the_schedule_is_that_of_the_specification() -> None:
    seconds = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert [each.total_seconds() for each in SCHEDULE] == seconds


@given(step=st.integers(1, 9), chance=chances)
def test_a_delay_is_that_of_the_schedule_and_up_to_a_fifth_longer(step: int, chance: float) -> None:
    at = next_attempt_at(step, SCHEDULE, now=NOW, not_before=None, chance=chance)
    assert at and SCHEDULE[step - 1] <= at - NOW <= SCHEDULE[step - 1] * 1.2


@given(step=st.integers(10, 1000), chance=chances, not_before=st.none() | instants)
def test_after_the_last_delay_there_is_no_other_attempt(step: int, chance: float, not_before: datetime | None) -> None:
    assert next_attempt_at(step, SCHEDULE, now=NOW, not_before=not_before, chance=chance) is None


@given(step=st.integers(1, 9), chance=chances, not_before=instants)
def test_no_attempt_comes_before_the_time_that_the_receiver_asks_for(
    step: int, chance: float, not_before: datetime
) -> None:
    at = next_attempt_at(step, SCHEDULE, now=NOW, not_before=not_before, chance=chance)
    assert at and at >= not_before and at >= NOW + SCHEDULE[step - 1]


@given(status=st.none() | st.integers(100, 999))
def test_2xx_alone_is_success(status: int | None) -> None:
    assert is_success(status) == (status in range(200, 300))


@given(status=st.sampled_from([429, 503]), seconds=st.integers(0, 10**12))
def test_a_backoff_in_seconds_is_at_most_a_day(status: int, seconds: int) -> None:
    until = requested_backoff(status, str(seconds), now=NOW)
    assert until == NOW + min(timedelta(seconds=seconds), MAX_BACKOFF)


@given(status=st.sampled_from([429, 503]), at=instants)
def test_a_backoff_until_a_date_is_at_most_a_day(status: int, at: datetime) -> None:
    at = at.replace(microsecond=0)
    until = requested_backoff(status, format_datetime(at, usegmt=True), now=NOW)
    assert until == (min(at, NOW + MAX_BACKOFF) if at > NOW else None)


@given(status=st.none() | st.integers(100, 599), text=st.text())
def test_any_other_text_means_no_backoff_or_at_most_a_day(status: int | None, text: str) -> None:
    until = requested_backoff(status, text, now=NOW)
    assert until is None or (status in {429, 503} and NOW <= until <= NOW + MAX_BACKOFF)


@given(status=st.none() | st.integers(300, 599), seconds=st.integers(0, 10**6))
def test_410_disables_and_so_do_five_days_of_failing(status: int | None, seconds: int) -> None:
    reason = reason_to_disable(status, NOW - timedelta(seconds=seconds), now=NOW)
    assert reason == ("gone" if status == 410 else "failing" if seconds >= 5 * 86_400 else None)
