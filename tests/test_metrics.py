"""Metrics need the metrics key; behind a trusted proxy, rate limits count the client's own address."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from service.app import create_app
from service.settings import Settings, SettingsError, load
from tests.builders import ASite, a_site, a_thread, events_of
from tests.conftest import SECRET_KEY
from tests.integrations.endpoints.deliveries import an_endpoint

KEY = "only for the scraper"


@asynccontextmanager
async def an_app(database_url: str, *, metrics_key: str | None = None, trusted: str = "") -> AsyncIterator[ASite]:
    """A site in an app with these settings."""
    settings = Settings(
        secret_key=SECRET_KEY,
        database_url=database_url,
        metrics_key=metrics_key,
        trusted_proxies=trusted,
        sweep_seconds=3600,
        webhooks_in_serve=False,
        webhooks_allow_private=True,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app), a_site(app) as site:
        yield site


async def scrape(site: ASite) -> dict[str, float]:
    """Every metric, by its name and labels."""
    answer = await site.client.get("/metrics", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {name: float(value) for name, value in re.findall(r"^(onereply\S+) (\S+)$", answer.text, re.MULTILINE)}


async def test_metrics_count_posts_and_requests(database_url: str) -> None:
    async with an_app(database_url, metrics_key=KEY) as site:
        before = await scrape(site)
        thread = await a_thread(site)
        await thread.post()
        await thread.close()
        await thread.post()
        await events_of(site)
        after = await scrape(site)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    route = "/v1/sites/{site}/threads/{article}/comments"
    assert grown('onereply_posts_total{result="published"}') == 1
    assert grown('onereply_posts_total{result="thread-closed"}') == 1
    assert grown(f'onereply_requests_total{{method="POST",route="{route}",status="201"}}') == 1
    assert grown(f'onereply_request_seconds_count{{route="{route}"}}') == 2
    assert grown("onereply_batch_posts_sum") == 2
    assert grown("onereply_writer_wait_seconds_count") == 4
    assert after["onereply_batch_queue_posts"] == 0
    label = f'{{site="{site.slug}"}}'
    assert after[f"onereply_log_position{label}"] == after[f"onereply_log_read_position{label}"] == 3


async def test_the_webhook_lag_is_measured(database_url: str) -> None:
    async with an_app(database_url, metrics_key=KEY) as site:
        lag = f'onereply_webhook_lag_events{{site="{site.slug}"}}'
        assert (await scrape(site))[lag] == 0
        endpoint, _ = await an_endpoint(site, "http://127.0.0.1:9/")
        await a_thread(site)
        assert (await scrape(site))[lag] == 1
        await site.call("DELETE", f"/endpoints/{endpoint}", by="admin")
        assert (await scrape(site))[lag] == 0


async def test_unknown_paths_share_one_label(database_url: str) -> None:
    async with an_app(database_url, metrics_key=KEY) as site:
        for number in range(5):
            await site.client.request("BREW", f"/a/b/c/{number}")
        numbers = await scrape(site)
    assert not [name for name in numbers if "/a/b/c" in name or "BREW" in name]


@pytest.mark.parametrize("sent", [None, "Bearer another", f"Basic {KEY}", "Bearer é"])
async def test_metrics_need_the_key(database_url: str, sent: str | None) -> None:
    async with an_app(database_url, metrics_key=KEY) as site:
        headers = [] if sent is None else [(b"authorization", sent.encode())]
        assert (await site.client.get("/metrics", headers=headers)).status_code == 401
    async with an_app(database_url) as site:
        assert (await site.client.get("/metrics", headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("trusted", "forwarded", "statuses"),
    [
        ("127.0.0.0/8", ["192.0.2.1", "192.0.2.2", "192.0.2.1"], [404, 404, 429]),
        ("127.0.0.1", ["9.9.9.9, 192.0.2.1", "8.8.8.8, 192.0.2.1"], [404, 429]),
        ("", ["192.0.2.1", "192.0.2.2"], [404, 429]),
        ("10.0.0.0/8", ["192.0.2.1", "192.0.2.2"], [404, 429]),
    ],
    ids=["each client", "what the client made up", "no proxy", "not that proxy"],
)
async def test_rate_limits_count_the_address_from_a_trusted_proxy(
    database_url: str, trusted: str, forwarded: list[str], statuses: list[int]
) -> None:
    async with an_app(database_url, trusted=trusted) as site:
        await site.set(request_limit_per_address="1/hour")
        answers = [await site.call("GET", "/threads/a", headers={"X-Forwarded-For": each}) for each in forwarded]
    assert [answer.status_code for answer in answers] == statuses


@pytest.mark.parametrize("proxies", ["proxy.example", "10.0.0.0/99", "10.0.0.1,,x"])
def test_an_invalid_proxy_stops_the_start(proxies: str) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        load({"ONEREPLY_SECRET_KEY": SECRET_KEY, "ONEREPLY_TRUSTED_PROXIES": proxies})
