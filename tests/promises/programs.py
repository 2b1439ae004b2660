"""Real processes: started, killed, told to stop, and what they log is read as it comes."""

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
# The same with a time limit that a busy machine keeps to, so that each 503 is a fault.
PATIENT = (
    sys.executable,
    "-c",
    "from service.platform.storage import engine; engine.TIME_LIMIT_SECONDS = 60.0; "
    "from service.cli import main; main()",
)
LONGEST_LINE = 2**20  # an error is logged with all that led to it


class Program:
    """A process that is ready once it has logged ``ready``; ``log`` is what it logs, a line each, but for requests."""

    def __init__(self, process: Process, ready: re.Pattern[str]) -> None:
        self._process, self._ready = process, ready
        self.log: list[dict[str, Any]] = []
        self._logged = asyncio.Event()
        self._told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read_log())

    @classmethod
    async def begin(
        cls, command: tuple[str, ...], environment: Mapping[str, str], *, ready: re.Pattern[str]
    ) -> "Program":
        """Start ``command`` and wait until it is ready."""
        program = cls(await begin_process(command, environment), ready)
        await program.told()
        return program

    async def told(self) -> str:
        """What it told as it became ready: what the first group of ``ready`` has found."""
        return await self._told

    async def kill(self) -> None:
        """End it at once, whatever it is doing (SIGKILL)."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def stop(self) -> None:
        """Tell it to stop (SIGTERM), and wait until it has."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        await self._reading

    async def _read_log(self) -> None:
        assert self._process.stderr
        async for line in self._process.stderr:
            told = json.loads(line) if line.startswith(b"{") else {"event": line.decode(), "level": "error"}
            if (match := self._ready.search(told["event"])) and not self._told.done():
                self._told.set_result(match[1])
            elif told["event"] != "request":
                self.log.append(told)
                self._logged.set()
        if not self._told.done():
            self._told.set_exception(RuntimeError(f"It did not start: {self.log}"))

    async def next_line(self) -> None:
        """Wait until it logs another line."""
        self._logged.clear()
        await self._logged.wait()

    def complaints(self) -> list[dict[str, Any]]:
        """What it logged that should not have happened."""
        return [told for told in self.log if told["level"] not in {"debug", "info"}]


async def begin_process(command: tuple[str, ...], environment: Mapping[str, str]) -> Process:
    """A process that runs ``command``, with its log in a pipe."""
    return await asyncio.create_subprocess_exec(*command, env=environment, stderr=PIPE, stdout=PIPE, limit=LONGEST_LINE)


def settings_of(database_url: str, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of the service over a database, with ``settings`` by their names."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ONEREPLY_")} | {
        "ONEREPLY_DATABASE_URL": database_url,
        "ONEREPLY_SECRET_KEY": SECRET_KEY,
        "ONEREPLY_LOG_FORMAT": "json",
        "ONEREPLY_METRICS_KEY": "only for the scraper",
        "ONEREPLY_SLOW_STATEMENT_SECONDS": "0",  # on a busy machine any statement may be slow
        **{f"ONEREPLY_{name.upper()}": value for name, value in settings.items()},
    }
