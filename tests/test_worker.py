"""Sweeps are counted and go on after a failure; a database outage is logged without a traceback."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog
from prometheus_client import REGISTRY

from service import worker
from service.platform.access.api_keys import Keys
from service.platform.access.sessions import Sessions
from service.platform.problems import Busy, DatabaseUnavailable
from service.platform.storage.engine import Database
from tests.an_akismet import no_akismet


@pytest.fixture
async def database(fresh_database_url: str) -> AsyncIterator[Database]:
    database = Database(fresh_database_url, read_connections=1)
    yield database
    await database.close()


async def sweeps(database: Database, count: int) -> list[structlog.typing.EventDict]:
    """The log lines until ``count`` more sweeps have ended."""
    before = ended("ok") + ended("failed")
    with structlog.testing.capture_logs() as log:
        keys, sessions = Keys(database), Sessions(database)
        sweeps = worker.sweep_forever(database, keys, sessions, no_akismet(), every_seconds=0.001)
        sweeping = asyncio.create_task(sweeps)
        async with asyncio.timeout(60):
            while ended("ok") + ended("failed") < before + count:  # noqa: ASYNC110 - no event says so
                await asyncio.sleep(0.001)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
    return [each for each in log if each["event"].startswith("sweep")]


def ended(result: str) -> float:
    return REGISTRY.get_sample_value("onereply_sweeps_total", {"result": result}) or 0


def failing_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(worker, "sweep", fail)


async def test_a_sweep_is_counted_and_timed(database: Database) -> None:
    before, timed = ended("ok"), REGISTRY.get_sample_value("onereply_sweep_seconds_count") or 0
    assert await sweeps(database, 1) == []
    assert ended("ok") > before
    assert (REGISTRY.get_sample_value("onereply_sweep_seconds_count") or 0) > timed


@pytest.mark.parametrize(
    "error", [Busy(), DatabaseUnavailable("The database can't be reached.")], ids=["busy", "unreachable"]
)
async def test_a_sweep_without_a_database_is_retried_without_a_traceback(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: Busy
) -> None:
    failing_with(error, monkeypatch)
    before = ended("failed")
    log = await sweeps(database, 2)
    assert ended("failed") >= before + 2
    assert {(each["event"], each["log_level"]) for each in log} == {("sweep-postponed", "info")}
    assert not [each for each in log if "exc_info" in each]


async def test_any_other_failure_of_a_sweep_is_logged_with_its_traceback(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_with(error := ValueError("a fault"), monkeypatch)
    log = await sweeps(database, 2)
    assert {(each["event"], each["log_level"], each["exc_info"]) for each in log} == {("sweep-failed", "error", error)}
