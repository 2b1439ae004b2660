"""Databases for storms alone, so that what is proved of the whole database is proved of the storm."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import structlog

from service.app import App, create_app
from tests.builders import ASite, a_site
from tests.conftest import an_installation, copy_of
from tests.promises.serving import Server, serving


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nothing is printed: thousands of requests are made here, and what fails is meant to."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def own_app(fresh_database_url: str) -> AsyncIterator[App]:
    """The real app, started, over a database that nobody else uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.app.TIME_LIMIT_SECONDS", 60.0)  # a busy machine has the time that it needs
        app = create_app(an_installation(fresh_database_url))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def own_site(own_app: App) -> AsyncIterator[ASite]:
    """A site in a database that nobody else uses."""
    async with a_site(own_app) as site:
        yield site


@pytest.fixture(scope="session")
def storm_url(migrated: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database that all storms by way of two processes share; each keeps to sites of its own."""
    return copy_of(migrated, request, tmp_path_factory.mktemp("storms"))


@pytest.fixture(scope="session")
async def storm_servers(storm_url: str) -> AsyncIterator[tuple[Server, Server]]:
    """Two processes that serve it; starting them takes longer than most tests."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serving(storm_url))
        yield first, await stack.enter_async_context(serving(storm_url))


@pytest.fixture
async def storm_site(storm_url: str) -> AsyncIterator[ASite]:
    """A site in that database."""
    app = create_app(an_installation(storm_url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        yield site


@pytest.fixture
def servers(storm_servers: tuple[Server, Server]) -> tuple[Server, Server]:
    """Two processes that serve the database of ``storm_site``, and have logged nothing in this test yet."""
    for server in storm_servers:
        server.log.clear()
    return storm_servers
