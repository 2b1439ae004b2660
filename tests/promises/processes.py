"""Real processes: start, kill and stop them, and read their logs."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from typing import Any

from tests.conftest import SECRET_KEY

ONEREPLY = (sys.executable, "-c", "from service.cli import main; main()")
# The same with a time limit that a busy machine keeps, so that every 503 is a failure.
PATIENT = (
    sys.executable,
    "-c",
    "from service.platform.storage import engine; engine.TIME_LIMIT_SECONDS = 60.0; "
    "from service.cli import main; main()",
)
MAX_LINE_BYTES = 2**20  # an error is logged with its traceback


class Program:
    """A process that is ready once it has logged ``ready``. ``log`` has its log lines except requests."""

    def __init__(self, process: Process, ready: re.Pattern[str]) -> None:
        self._process, self._ready = process, ready
        self.log: list[dict[str, Any]] = []
        self._logged = asyncio.Event()
        self._ready_text: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read_log())

    @classmethod
    async def begin(
        cls, command: tuple[str, ...], environment: Mapping[str, str], *, ready: re.Pattern[str]
    ) -> "Program":
        """Start ``command`` and wait until it is ready."""
        program = cls(await start_process(command, environment), ready)
        await program.ready_text()
        return program

    async def ready_text(self) -> str:
        """Wait until it is ready; return the first group of ``ready``."""
        return await self._ready_text

    async def kill(self) -> None:
        """Kill it at once (SIGKILL)."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def stop(self) -> None:
        """Ask it to stop (SIGTERM), and wait until it has."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        await self._reading

    async def _read_log(self) -> None:
        assert self._process.stderr
        async for line in self._process.stderr:
            entry = json.loads(line) if line.startswith(b"{") else {"event": line.decode(), "level": "error"}
            if (match := self._ready.search(entry["event"])) and not self._ready_text.done():
                self._ready_text.set_result(match[1])
            elif entry["event"] != "request":
                self.log.append(entry)
                self._logged.set()
        if not self._ready_text.done():
            self._ready_text.set_exception(RuntimeError(f"It did not start: {self.log}"))

    async def next_line(self) -> None:
        """Wait until it logs another line."""
        self._logged.clear()
        await self._logged.wait()

    def complaints(self) -> list[dict[str, Any]]:
        """Return the log lines above the level info."""
        return [entry for entry in self.log if entry["level"] not in {"debug", "info"}]


async def start_process(command: tuple[str, ...], environment: Mapping[str, str]) -> Process:
    """Start a process that runs ``command``, with its log in a pipe."""
    return await asyncio.create_subprocess_exec(
        *command, env=environment, stderr=PIPE, stdout=PIPE, limit=MAX_LINE_BYTES
    )


def settings_of(database_url: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a service process on a database, with ``settings`` by name."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ONEREPLY_")} | {
        "ONEREPLY_DATABASE_URL": database_url,
        "ONEREPLY_SECRET_KEY": SECRET_KEY,
        "ONEREPLY_LOG_FORMAT": "json",
        "ONEREPLY_METRICS_KEY": "only for the scraper",
        "ONEREPLY_SLOW_STATEMENT_SECONDS": "0",  # on a busy machine any statement may be slow
        **{f"ONEREPLY_{name.upper()}": value for name, value in settings.items()},
    }
