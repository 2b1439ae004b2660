"""Fixtures. Every test with a database runs on SQLite and on a throwaway PostgreSQL server."""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog

from service.app import App, create_app
from service.platform import clock
from service.platform.http.request_log import set_up_log
from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from service.settings import Settings
from tests.builders import ASite, Clock, a_site, cheap_passwords
from tests.postgres import PostgreSQL

# Durations depend on the machine's load, so there is no deadline; `make bench` measures them.
hypothesis.settings.register_profile("fast", deadline=None, max_examples=10)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=100)  # in `make check`
hypothesis.settings.load_profile("fast")

TESTS = Path(__file__).parent
# These tests hardly depend on the database: `make test` runs them on SQLite, `make check` on PostgreSQL too.
SQL_IS_ALIKE = (
    "cli",
    "conversation/comments/test_akismet_check",
    "conversation/comments/test_comment_pages",
    "conversation/comments/test_page_bytes",
    "conversation/screening",
    "integrations/articles",
    "integrations/endpoints/test_contract",
    "integrations/endpoints/test_deliverer",
    "integrations/endpoints/test_endpoints",
    "integrations/endpoints/test_signed",
    "integrations/event_log",
    "integrations/imports",
    "moderation/bans",
    "moderation/decisions",
    "moderation/queue",
    "moderation/reports",
    "moderation/rules",
    "moderation/spam_training",
    "permissions",
    "platform/access",
    "platform/http",
    "reading",
    "test_",
)
# `make check` runs these on PostgreSQL 15 too, the oldest that is supported, together with what is above.
ALSO_ON_OLDEST = (
    "conversation",
    "migrations",
    "moderation/search",
    "platform/events",
    "platform/storage",
    "promises/test_busy_database",
    "promises/test_query_counts",
    "promises/test_site_model",
)
SECRET_KEY = "a secret key that only these tests know"


def an_installation(database_url: str) -> Settings:
    """Settings without background work: tests sweep and deliver themselves, also to this machine."""
    return Settings(
        secret_key=SECRET_KEY,
        database_url=database_url,
        sweep_seconds=3600,
        webhooks_in_serve=False,
        webhooks_allow_private=True,
    )


@pytest.fixture(scope="session", autouse=True)
def capturable_log() -> Iterator[None]:
    """Disable structlog's logger cache, so that a command that sets up the log does not break later tests."""
    configure = structlog.configure

    def configure_without_cache(**options: Any) -> None:
        configure(**options | {"cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", configure_without_cache)
        yield


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Undo what a test set up for the log: it would write to an output that is closed with that test."""
    yield
    root = logging.getLogger()
    if own := [handler for handler in root.handlers if type(handler).__module__ == set_up_log.__module__]:
        root.removeHandler(own[0])
        structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def patient_transactions() -> Iterator[None]:
    """Give transactions of every app in these processes a minute, so that tests pass on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.app.TIME_LIMIT_SECONDS", 60.0)
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A throwaway server; its data is deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="onereply-pg-"))
    try:
        with PostgreSQL.running(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let ``-k postgresql`` also select tests that use the server directly; mark tests of :data:`SQL_IS_ALIKE`."""
    ids = {item.nodeid for item in items}
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "postgresql" in fixtures:
            item.extra_keyword_matches.add("postgresql")
        if "shared_servers" in fixtures:  # which take seconds to start
            item.add_marker(pytest.mark.xdist_group("shared_servers"))
        path, on_postgresql = item.path.relative_to(TESTS).as_posix(), "postgresql" in item.name
        has_twin = on_postgresql and item.nodeid.replace("postgresql", "sqlite") in ids
        if has_twin and path.startswith(SQL_IS_ALIKE):
            item.add_marker("second_database")
        elif on_postgresql and path.startswith(ALSO_ON_OLDEST):
            item.add_marker("oldest_postgresql")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def migrated(dialect: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a migrated database that is only copied, which is several times faster than migrating."""
    if dialect == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.new_database()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('migrated')}/onereply.db"
    asyncio.run(_migrate(url))
    return url


@pytest.fixture
def fresh_database_url(migrated: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database for one test."""
    return copy_of(migrated, request, tmp_path)


@pytest.fixture(scope="session")
def database_url(migrated: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database that all tests share; each test uses its own sites."""
    return copy_of(migrated, request, tmp_path_factory.mktemp("database"))


def copy_of(migrated: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of a copy of the database at ``migrated``; an SQLite file is in ``folder``."""
    if migrated.startswith("postgresql"):
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database(template=migrated)
    shutil.copy(migrated.removeprefix("sqlite:///"), folder / "onereply.db")
    return f"sqlite:///{folder}/onereply.db"


async def _migrate(url: str) -> None:
    database = Database(url, read_connections=1)
    await migrate(database)
    await database.close()


@pytest.fixture(scope="session")
async def app(database_url: str) -> AsyncIterator[App]:
    """The real app, started."""
    app = create_app(an_installation(database_url), passwords=cheap_passwords())
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def site(app: App) -> AsyncIterator[ASite]:
    """An empty site."""
    app.state.known_hosts._last_used.clear()  # earlier tests may have used up the hosts that are cached
    async with a_site(app) as site:
        yield site


@pytest.fixture
async def own_app(fresh_database_url: str) -> AsyncIterator[App]:
    """The real app, started, on a database of its own: sweeps and deliverers go through the sites of all tests."""
    app = create_app(an_installation(fresh_database_url), passwords=cheap_passwords())
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def own_site(own_app: App) -> AsyncIterator[ASite]:
    """A site in a database of its own."""
    async with a_site(own_app) as site:
        yield site


@pytest.fixture
def the_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until it is moved."""
    fixed = Clock()
    monkeypatch.setattr(clock, "now", fixed.now)
    return fixed
