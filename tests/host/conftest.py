"""One Reply and WordPress, connected on the settings page; shared by all tests, because they take seconds to start."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.host.a_joined_wordpress import JoinedWordPress, joined_wordpress


@pytest.fixture(scope="session")
async def joined_to_wordpress(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[JoinedWordPress]:
    """WordPress with the plugin, a One Reply service and a browser; at the end no side has logged an error."""
    folder = await asyncio.to_thread(tmp_path_factory.mktemp, "wordpress")
    async with joined_wordpress(folder) as joined:
        yield joined
        assert joined.server.complaints() == []
    log = folder / "debug.log"
    assert not [line for line in log.read_text().splitlines() if "onereply" in line or "PHP Fatal" in line]
