"""Requests that belong to no site have a rate limit of the installation."""

import msgspec
import pytest

from service.app import create_app
from tests.builders import client_of
from tests.conftest import an_installation
from tests.platform.http.by_hand import ask

OPEN = ["/", "/docs", "/docs/guides/", "/openapi.json", "/metrics", "/embed.js", "/problems/busy", "/static/none.css"]
UNKNOWN = ["/v1/sites/nobody/threads/a", "/nobody/article", "/v1/sites/NOBODY/counts"]


@pytest.mark.parametrize("path", OPEN + UNKNOWN)
async def test_open_routes_and_unknown_sites_are_limited_by_address(database_url: str, path: str) -> None:
    app = create_app(msgspec.structs.replace(an_installation(database_url), open_request_limit_per_address="2/hour"))
    async with app.router.lifespan_context(app):
        statuses = [(await ask(app, "GET", path, address="192.0.2.66")).status for _ in range(3)]
        assert statuses[0] == statuses[1] != 429
        assert statuses[2] == 429
        assert (await ask(app, "GET", path, address="192.0.2.7")).status == statuses[0]


async def test_health_checks_are_not_limited(database_url: str) -> None:
    app = create_app(msgspec.structs.replace(an_installation(database_url), open_request_limit_per_address="1/hour"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        for _ in range(3):
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/readyz")).status_code == 200
