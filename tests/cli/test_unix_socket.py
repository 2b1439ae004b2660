"""``serve --uds``: on a Unix socket with its permissions, in one process or several, by the forwarded address."""

import asyncio
import re
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.cli.test_commands import command_line, done, stopped
from tests.promises.processes import PATIENT, Program, settings_of

RUNNING = re.compile(r"running on unix:(\S+)")


@asynccontextmanager
async def serving_at(path: Path, url: str, *options: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of ``serve --uds``, which runs until the end of the block."""
    program = await Program.begin(
        (*PATIENT, "serve", "--uds", str(path), *options), settings_of(url, {}), ready=RUNNING
    )
    try:
        transport = httpx2.AsyncHTTPTransport(uds=str(path))
        async with httpx2.AsyncClient(transport=transport, base_url="http://onereply.test", timeout=60) as client:
            yield client
    finally:
        await program.stop()


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_it_serves_and_limits_by_the_forwarded_address(
    workers: str, fresh_database_url: str, tmp_path: Path
) -> None:
    run = command_line(fresh_database_url)
    done(await asyncio.to_thread(run, "site", "add", "gazette", "--name", "x"))
    done(await asyncio.to_thread(run, "site", "set", "gazette", "request_limit_per_address=1/hour"))
    path = tmp_path / "http.sock"
    async with serving_at(path, fresh_database_url, "--workers", workers) as client:
        assert stat.filemode(path.stat().st_mode) == "srw-rw----"
        statuses: dict[str, list[int]] = {"192.0.2.1": [], "192.0.2.2": []}
        for address in (*statuses, *statuses, *statuses):
            headers = {"X-Forwarded-For": f"203.0.113.5, {address}"}
            answer = await client.get("/v1/sites/gazette/threads/a", headers=headers)
            statuses[address].append(answer.status_code)
        for each in statuses.values():
            assert each[0] == 404 and each[-1] == 429, "each address has its own limit"


@pytest.mark.slow
async def test_a_socket_that_an_earlier_process_left_is_replaced(fresh_database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    async with serving_at(path, fresh_database_url, "--uds-mode", "600") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert stat.filemode(path.stat().st_mode) == "srw-------"
        second = await asyncio.to_thread(command_line(fresh_database_url), "serve", "--uds", str(path))
        assert f"{path} is in use" in stopped(second)
        assert (await client.get("/healthz")).status_code == 200


def test_a_path_where_it_can_not_listen_is_one_line(fresh_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Not a socket.")
    run = command_line(fresh_database_url)
    assert "is in use" in stopped(run("serve", "--uds", str(tmp_path / "notes.txt")))
    assert (tmp_path / "notes.txt").read_text() == "Not a socket."
    assert "No such file" in stopped(run("serve", "--uds", str(tmp_path / "none" / "http.sock")))
    assert "path too long" in stopped(run("serve", "--uds", str(tmp_path / ("x" * 200))))


@pytest.mark.parametrize("mode", ["rw", "888", "66", "06600", "660\n"])
def test_permissions_that_are_not_octal_are_a_usage_error(mode: str, fresh_database_url: str) -> None:
    assert command_line(fresh_database_url)("serve", "--uds-mode", mode).exit_code == 2
