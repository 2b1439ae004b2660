"""Databases of their own for load tests, so checks of a whole database cover only the test's load."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import structlog

from service.app import create_app
from tests.builders import ASite, a_site
from tests.conftest import an_installation, copy_of
from tests.promises.service_process import Server, serving


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Capture all logs: there are thousands of requests, and expected failures."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture(scope="session")
def shared_database_url(migrated: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database for all tests with two processes; each test has its own site."""
    return copy_of(migrated, request, tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
async def shared_servers(shared_database_url: str) -> AsyncIterator[tuple[Server, Server]]:
    """Two processes that serve it, started once because that takes longer than most tests."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serving(shared_database_url))
        yield first, await stack.enter_async_context(serving(shared_database_url))


@pytest.fixture
async def shared_site(shared_database_url: str) -> AsyncIterator[ASite]:
    """A site in that database."""
    app = create_app(an_installation(shared_database_url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        yield site


@pytest.fixture
def servers(shared_servers: tuple[Server, Server]) -> tuple[Server, Server]:
    """Two processes that serve the database of ``shared_site``, with empty logs."""
    for server in shared_servers:
        server.log.clear()
    return shared_servers
