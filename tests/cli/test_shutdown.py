"""SIGTERM ends each process within its limit, also one that hangs; a worker ends with its parent."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.promises.processes import ONEREPLY, Program, settings_of

pytestmark = pytest.mark.slow
RUNNING, WORKING = re.compile(r"running on http://\S+:(\d+)"), re.compile(r"^(delivery-worker-started)$")
LIMIT, SLOW_MACHINE, PATIENCE = 3, 5, 60
# Once a shutdown has begun, closing the database never ends.
HANGS_AT_THE_END = """
import asyncio, time
from service import shutdown
from service.platform.storage.engine import Database
close = Database.close
async def hang(self):
    if shutdown._deadline is None:
        return await close(self)
    {how}
Database.close = hang
"""


@asynccontextmanager
async def running(
    *arguments: str, url: str, ready: re.Pattern[str] = RUNNING, limit: int = LIMIT, path: Path | None = None
) -> AsyncIterator[tuple[Program, str]]:
    """A command that runs until the end of the block, and its output when it was ready."""
    environment = settings_of(url, {"shutdown_seconds": str(limit)})
    if path:
        environment["PYTHONPATH"] = f"{path}{os.pathsep}{environment.get('PYTHONPATH', '')}"
    program = await Program.begin((*ONEREPLY, *arguments), environment, ready=ready)
    try:
        yield program, await program.ready_text()
    finally:
        for each in program.log:
            if each["event"] in {"worker-started", "worker-restarted"}:
                with suppress(ProcessLookupError):
                    os.kill(each["pid"], signal.SIGKILL)
        await program.kill()


@pytest.fixture(params=["await asyncio.Event().wait()", "time.sleep(1000)"], ids=["in a wait", "in the loop"])
def hanging(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder for PYTHONPATH that has each process hang when it closes the database: in a wait, or in the loop."""
    (tmp_path / "sitecustomize.py").write_text(HANGS_AT_THE_END.format(how=request.param))
    return tmp_path


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """An SQLite database, which `serve --migrate` creates."""
    yield f"sqlite:///{tmp_path}/onereply.db"


async def answered(port: str) -> None:
    """Wait until the service is ready."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        assert (await client.get("/readyz")).status_code == 200


def files(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


async def seconds_to_stop(program: Program) -> float:
    began = time.monotonic()
    await asyncio.wait_for(program.stop(), PATIENCE)
    return time.monotonic() - began


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_server_that_hangs_is_ended_at_the_limit(url: str, hanging: Path, workers: str) -> None:
    arguments = ("serve", "--migrate", "--port", "0", "--workers", workers)
    async with running(*arguments, url=url, path=hanging) as (program, port):
        await answered(port)
        seconds = await seconds_to_stop(program)
    assert LIMIT / 2 < seconds < LIMIT + SLOW_MACHINE
    assert {each["event"] for each in program.complaints()} == {"shutdown-forced"}


async def test_a_worker_that_hangs_is_ended_at_the_limit(fresh_database_url: str, hanging: Path) -> None:
    async with running("worker", url=fresh_database_url, ready=WORKING, path=hanging) as (program, _):
        seconds = await seconds_to_stop(program)
    assert LIMIT / 2 < seconds < LIMIT + SLOW_MACHINE
    assert [each["event"] for each in program.complaints()] == ["shutdown-forced"]


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_server_with_nothing_to_do_stops_at_once(url: str, workers: str) -> None:
    async with running("serve", "--migrate", "--port", "0", "--workers", workers, url=url, limit=60) as (program, port):
        await answered(port)
        assert await seconds_to_stop(program) < PATIENCE
    assert program.complaints() == []


async def test_workers_end_with_their_parent_and_free_the_port(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with running("serve", "--migrate", "--port", "0", "--workers", "2", url=url) as (program, port):
        await answered(port)
        await asyncio.wait_for(program.kill(), PATIENCE)  # returns once no worker holds its log open
    assert [each["event"] for each in program.complaints()] == ["parent-died"] * 2
    assert files(tmp_path, "onereply-metrics-*") == []
    async with running("serve", "--port", port, url=url) as (_, again):
        assert again == port
        await answered(port)


async def test_a_worker_that_is_killed_is_logged_and_replaced(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with running("serve", "--migrate", "--port", "0", "--workers", "2", url=url) as (program, port):
        await answered(port)
        pid = next(each["pid"] for each in program.log if each["event"] == "worker-started")
        numbers = f"onereply-metrics-*/gauge_livesum_{pid}.db"
        async with asyncio.timeout(PATIENCE):
            while not any(each["event"] == f"Started server process [{pid}]" for each in program.log):
                await program.next_line()
        assert len(files(tmp_path, numbers)) == 1
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            while not (restarts := [each for each in program.log if each["event"] == "worker-restarted"]):
                await program.next_line()
        assert files(tmp_path, numbers) == []
        await answered(port)
        await seconds_to_stop(program)
    [died] = program.complaints()
    assert (died["event"], died["level"], died["pid"]) == ("worker-died", "warning", pid)
    assert [each["instead_of"] for each in restarts] == [pid]
