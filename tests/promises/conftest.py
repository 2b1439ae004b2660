"""A storm has a database to itself, so that what is proved of the whole database is proved of the storm."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import structlog
from starlette.applications import Starlette

from service.app import create_app
from tests.builders import ASite, a_site
from tests.conftest import an_installation
from tests.promises.serving import Server, serving


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nothing is printed: thousands of requests are made here, and what fails is meant to."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def own_app(fresh_database_url: str) -> AsyncIterator[Starlette]:
    """The real app, started, over a database that nobody else uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.app.TIME_LIMIT_SECONDS", 60.0)  # a busy machine has the time that it needs
        app = create_app(an_installation(fresh_database_url))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def own_site(own_app: Starlette) -> AsyncIterator[ASite]:
    """A site in a database that nobody else uses."""
    async with a_site(own_app) as site:
        yield site


@pytest.fixture
async def servers(fresh_database_url: str) -> AsyncIterator[tuple[Server, Server]]:
    """Two processes that serve one database."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serving(fresh_database_url))
        yield first, await stack.enter_async_context(serving(fresh_database_url))
