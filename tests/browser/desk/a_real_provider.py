"""An OpenID provider from a package, as a process of its own."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.builders import Json

_LISTENS = re.compile(r"running on (http://127\.0\.0\.1:\d+)")


@asynccontextmanager
async def a_real_provider(*users: Json) -> AsyncIterator[str]:
    """Run the provider for ``users``, who have their claims; yields its issuer."""
    claims = [part for user in users for part in ("--user-claims", json.dumps(user))]
    arguments = ["-W", "ignore", "-m", "oidc_provider_mock", "--port", "0", *claims]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE, stderr=STDOUT)
    assert process.stdout
    reading: asyncio.Task[None] | None = None
    try:
        async for line in process.stdout:
            if found := _LISTENS.search(line.decode()):
                reading = asyncio.create_task(_read_on(process.stdout))
                yield found[1]
                break
        else:
            raise AssertionError("The provider did not start.")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        if reading is not None:
            await reading


async def _read_on(output: asyncio.StreamReader) -> None:
    """Read what the process prints, so that it never waits for a reader."""
    while await output.readline():
        pass
