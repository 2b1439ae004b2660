"""Temporary failures are 503, by their class; an outage is one log line at its start and one at its end."""

from itertools import count

import pytest
import structlog
from sqlalchemy.exc import DBAPIError

from service.platform.problems import Busy, DatabaseUnavailable
from service.platform.storage.failures import Outages, problem_of

UNAVAILABLE = ["57P03", "57P01", "57014", "53300", "53100", "25006", "28P01", "3D000", "08006", "58030", "XX001"]
BUSY = ["55P03", "40P01", "40001"]
OURS = ["42P01", "42601", "22003", "23505", "P0001", "25P02"]
OF_SQLITE = {
    "SQLITE_FULL": DatabaseUnavailable,
    "SQLITE_IOERR": DatabaseUnavailable,
    "SQLITE_READONLY": DatabaseUnavailable,
    "SQLITE_CORRUPT": DatabaseUnavailable,
    "SQLITE_CANTOPEN": DatabaseUnavailable,
    "SQLITE_BUSY": Busy,
    "SQLITE_CONSTRAINT": type(None),
    "SQLITE_ERROR": type(None),
}


class DriverError(Exception):
    """An error of a database driver."""

    def __init__(self, *, sqlstate: str = "", sqlite_errorname: str = "") -> None:
        super().__init__("What the server driver_error.")
        self.sqlstate, self.sqlite_errorname = sqlstate, sqlite_errorname


def driver_error(**codes: str) -> DBAPIError:
    return DBAPIError("SELECT 1", {}, DriverError(**codes))


def test_postgresql_failures_are_classified_by_sqlstate() -> None:
    assert {state: type(problem_of(driver_error(sqlstate=state))) for state in UNAVAILABLE} == dict.fromkeys(
        UNAVAILABLE, DatabaseUnavailable
    )
    assert {state: type(problem_of(driver_error(sqlstate=state))) for state in BUSY} == dict.fromkeys(BUSY, Busy)
    assert [problem_of(driver_error(sqlstate=state)) for state in OURS] == [None] * len(OURS)


def test_sqlite_failures_are_classified_by_result_code() -> None:
    classified = {name: type(problem_of(driver_error(sqlite_errorname=name))) for name in OF_SQLITE}
    assert classified == OF_SQLITE
    assert isinstance(problem_of(driver_error(sqlite_errorname="SQLITE_IOERR_WRITE")), DatabaseUnavailable)


def test_the_cause_is_for_the_log_and_not_for_the_client() -> None:
    problem = problem_of(ConnectionRefusedError("10.0.0.7 refuses"))
    assert isinstance(problem, DatabaseUnavailable)
    assert "10.0.0.7" in problem.cause and "10.0.0.7" not in str(problem.content())
    assert int(problem.headers["retry-after"]) > 0


def fail(outages: Outages, error: Exception) -> None:
    with pytest.raises(DatabaseUnavailable), outages.track():
        raise error


def work(outages: Outages) -> None:
    with outages.track():
        pass


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, which stands at the last of these."""
    given = [100.0]
    monkeypatch.setattr("service.platform.storage.failures.time.monotonic", lambda: given[-1])
    return given


def test_an_outage_is_two_log_lines(seconds: list[float]) -> None:
    outages = Outages("write")
    with structlog.testing.capture_logs() as logged:
        for _ in range(1000):
            fail(outages, driver_error(sqlstate="53100"))
        assert outages.lasting and "53100" in outages.lasting.cause
        seconds.append(130.0)
        work(outages)
        work(outages)
    assert [(line["event"], line["part"]) for line in logged] == [
        ("database-unavailable", "write"),
        ("database-available", "write"),
    ]
    assert "53100" in logged[0]["cause"]
    assert (logged[1]["seconds"], logged[1]["failures"]) == (30.0, 1000)
    assert outages.lasting is None


def test_a_database_that_works_intermittently_is_one_outage(seconds: list[float]) -> None:
    outages, moments = Outages("read"), count()
    with structlog.testing.capture_logs() as logged:
        for _ in range(50):
            fail(outages, TimeoutError())
            seconds.append(100.0 + next(moments))
            work(outages)
    assert len(logged) == 1


def test_a_lock_timeout_is_not_an_outage() -> None:
    outages = Outages("write")
    with structlog.testing.capture_logs() as logged, pytest.raises(Busy), outages.track():
        raise driver_error(sqlstate="55P03")
    assert not logged
