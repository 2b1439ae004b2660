"""The service on a port, and browsers that record faults in their pages."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import msgspec
import pytest
from playwright.async_api import Browser

from service.app import App, create_app
from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from tests.browser.a_browser import Visits, a_browser
from tests.browser.a_host_page import AHost, a_host
from tests.browser.app_server import serving
from tests.browser.gallery import Picture, paint
from tests.builders import ASite, a_site, cheap_passwords
from tests.conftest import an_installation


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """SQLite, because the database makes no difference to a browser."""
    return f"sqlite:///{tmp_path_factory.mktemp('browser')}/onereply.db"


@pytest.fixture(scope="session")
async def app(database_url: str) -> AsyncIterator[App]:
    """The real app, started; it may call this machine, where the tests' OpenID provider is."""
    database = Database(database_url, read_connections=1)
    await migrate(database)
    await database.close()
    settings = msgspec.structs.replace(an_installation(database_url), allow_private_targets=True)
    app = create_app(settings, passwords=cheap_passwords())
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="session")
async def origin(app: App) -> AsyncIterator[str]:
    """The origin of the service for browsers."""
    async with serving(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
async def host(origin: str) -> AsyncIterator[AHost]:
    """A host's pages at another origin."""
    async with a_host(origin) as host:
        yield host


@pytest.fixture
async def site(app: App, host: AHost) -> AsyncIterator[ASite]:
    """An empty site, which the host's pages may call."""
    async with a_site(app, cors_origins=host.origin) as site:
        yield site


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, shared by all tests; each opens contexts of its own, without history."""
    async with a_browser() as browser:
        yield browser


@pytest.fixture
async def visits(browser: Browser, origin: str, host: AHost) -> AsyncIterator[Visits]:
    """Visits to the service and its host; a fault fails the test."""
    async with AsyncExitStack() as stack:
        visits = Visits(browser, stack, {origin, host.origin})
        yield visits
    assert visits.faults == []


@pytest.fixture(scope="session")
async def pictures(app: App, origin: str) -> list[Picture]:
    """Every page in every state."""
    async with a_site(app) as site:
        return await paint(site, origin)
