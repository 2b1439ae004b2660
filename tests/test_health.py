"""Liveness and readiness checks."""

import socket
from pathlib import Path

import httpx2
import pytest
import structlog

from service.app import App, create_app
from service.platform.storage.engine import Database
from service.platform.storage.revisions import head_revision, migrate
from service.settings import Settings
from tests.builders import ASite
from tests.conftest import SECRET_KEY

METRICS_KEY = "only for the scraper"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long timeout, so that the tests pass on a busy machine."""
    monkeypatch.setattr("service.health.READY_SECONDS", 30.0)


async def ask(database_url: str, *paths: str) -> list[httpx2.Response]:
    """The responses of an app on ``database_url``."""
    settings = Settings(secret_key=SECRET_KEY, database_url=database_url, sweep_seconds=3600, metrics_key=METRICS_KEY)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://onereply.test") as client:
            headers = {"Authorization": f"Bearer {METRICS_KEY}"}
            return [await client.get(path, headers=headers if path == "/metrics" else None) for path in paths]


async def test_the_service_is_alive_and_ready(site: ASite) -> None:
    alive, ready = [await site.client.get(path) for path in ("/healthz", "/readyz")]
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "revision": head_revision()})
    assert alive.headers["cache-control"] == ready.headers["cache-control"] == "no-store"


async def test_each_response_has_the_request_id(app: App, site: ASite) -> None:
    made = (await site.client.get("/healthz")).headers["x-request-id"]
    given = await site.client.get("/healthz", headers={"X-Request-ID": "edge-1.2_3"})
    strange = await site.client.get("/healthz", headers={"X-Request-ID": "a b"})
    assert given.headers["x-request-id"] == "edge-1.2_3"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert len(made) == 32 and strange.headers["x-request-id"] not in {"a b", made}


async def test_without_tables_the_service_is_alive_but_not_ready(tmp_path: Path) -> None:
    alive, ready = await ask(f"sqlite:///{tmp_path}/empty.db", "/healthz", "/readyz")
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.headers["content-type"] == "application/problem+json"
    assert "onereply migrate" in ready.json()["detail"]
    assert ready.headers["retry-after"]


async def test_at_another_revision_the_service_is_not_ready(fresh_database_url: str) -> None:
    database = Database(fresh_database_url, read_connections=1)
    await migrate(database, to="2026_11_24_0003")
    await database.close()
    [ready] = await ask(fresh_database_url, "/readyz")
    assert (ready.status_code, "onereply migrate" in ready.json()["detail"]) == (503, True)


async def test_without_a_database_everything_but_the_liveness_check_is_busy() -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{taken.getsockname()[1]}/onereply"
        with structlog.testing.capture_logs() as log:
            alive, ready, read, metrics = await ask(
                url, "/healthz", "/readyz", "/v1/sites/gazette/threads/a", "/metrics"
            )
    assert (alive.status_code, ready.status_code, read.status_code) == (200, 503, 503)
    assert ready.json()["detail"] == "The database can't be read and written."
    assert ready.json()["down"] == ["read", "write"]
    assert read.json()["type"] == "/problems/busy" and read.headers["retry-after"]
    assert metrics.status_code == 200 and 'onereply_database_up{part="read"} 0.0' in metrics.text
    causes = [line["cause"] for line in log if line["event"] == "request" and line["status"] == 503]
    assert len(causes) == 2 and all("can't be reached" in cause for cause in causes)
    assert [line["part"] for line in log if line["event"] == "database-unavailable"] == ["read", "write"]
