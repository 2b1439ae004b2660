"""Counts behind the rate limits are bounded, hold no addresses, and can be shared by processes."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import create_server

import pytest
from limits import parse

from service.platform.access.limit_counts import MAX_BUCKETS, MAX_CLIENTS, MemoryCounts
from service.platform.access.rate_limits import RateLimited, RateLimits
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import SiteSettings
from service.settings import Settings, SettingsError, load
from tests.builders import ASite, a_thread
from tests.conftest import SECRET_KEY
from tests.installing import debian_program
from tests.memory import content_of, wait_until_accepts

SITE = Site(1, "gazette", "Gazette", "en", 1, SiteSettings(), Rules())
MINUTE = parse("2/minute")


def at(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    monkeypatch.setattr(time, "time", lambda: now)


async def test_counts_of_many_clients_stay_within_the_bound() -> None:
    counts = MemoryCounts()
    for number in range(MAX_CLIENTS + 1_000):
        await counts.hit(MINUTE, f"client {number}")
    assert len(counts) == MAX_CLIENTS
    assert (await counts.hit(MINUTE, f"client {MAX_CLIENTS + 999}")).remaining == 0
    assert (await counts.hit(MINUTE, "client 0")).remaining == 1, "the client that was quiet longest is evicted first"


async def test_counts_expire_with_their_window(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = MemoryCounts()
    at(monkeypatch, 1000.0)
    for number in range(100):
        await counts.hit(MINUTE, f"client {number}")
    at(monkeypatch, 1061.0)
    await counts.hit(MINUTE, "another")
    assert len(counts) == 1


async def test_a_client_at_its_limit_stays_counted_while_others_come(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = MemoryCounts(max_clients=10)
    for number in range(100):
        hit = await counts.hit(MINUTE, "one")
        assert hit.is_within is (number < 2)
        await counts.hit(MINUTE, f"client {number}")


async def test_a_high_rate_takes_a_bounded_number_of_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, rate = MemoryCounts(), parse("5000/minute")
    hits = []
    for number in range(6_000):
        at(monkeypatch, 1000.0 + number / 200)
        hits.append(await counts.hit(rate, "one"))
    assert [hit.is_within for hit in hits] == [True] * 5_000 + [False] * 1_000
    [window] = counts._windows.values()
    assert len(window.starts) <= MAX_BUCKETS + 1
    at(monkeypatch, 1000.0 + 62)
    assert (await counts.hit(rate, "one")).is_within


async def test_a_count_resets_when_its_first_request_leaves_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = MemoryCounts()
    for now, expected in [(1000.0, True), (1030.0, True), (1059.9, False), (1060.0, True), (1061.0, False)]:
        at(monkeypatch, now)
        assert (await counts.hit(MINUTE, "one")).is_within is expected, now


async def test_log_ins_stay_counted_while_requests_come_from_everywhere(site: ASite) -> None:
    limits: RateLimits = site.app.state.gate.limits
    await limits.count("logins-per-name", "1/hour", SITE, "maria")
    for number in range(MAX_CLIENTS + 1):
        await limits.count("request-limit-per-address", "5/minute", SITE, f"10.0.{number >> 8}.{number & 255}")
    with pytest.raises(RateLimited):
        await limits.count("logins-per-name", "1/hour", SITE, "maria")


async def test_no_address_or_name_is_kept_in_memory(site: ASite) -> None:
    await site.set(request_limit_per_address="100/minute", post_limit_per_address="100/minute")
    await (await a_thread(site)).post()
    await site.call("POST", "/sessions", json={"name": "A distinct name", "password": "a wrong password"})
    kept = content_of(site.app.state.gate.limits)
    assert "request-limit-per-address" in kept
    assert "192.0.2.1" not in kept and "127.0.0.1" not in kept and "distinct" not in kept


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:6379", "redis://a b"])
def test_a_url_of_another_kind_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="ONEREPLY_LIMITS_URL"):
        load({"ONEREPLY_SECRET_KEY": SECRET_KEY, "ONEREPLY_LIMITS_URL": url})


async def test_a_server_that_does_not_answer_leaves_each_process_with_its_own_counts(site: ASite) -> None:
    pytest.importorskip("redis")
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    limits = RateLimits(site.app.state.gate.fingerprints, f"redis://127.0.0.1:{port}")
    await limits.count("a policy", "1/minute", SITE, "192.0.2.1")
    started = time.monotonic()
    for _ in range(100):
        with pytest.raises(RateLimited):
            await limits.count("a policy", "1/minute", SITE, "192.0.2.1")
    assert time.monotonic() - started < 0.4, "it is not asked again at once"
    await limits.close()


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis server from Debian."""
    program = debian_program("redis-server", ["redis-server"])
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    folder: Path = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen([program, "--port", str(port), "--save", "", "--dir", str(folder)], stdout=-3)
    try:
        wait_until_accepts(port)
        yield port
    finally:
        server.terminate()
        server.wait()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_processes_share_counts_in_redis(site: ASite, redis_port: int, scheme: str) -> None:
    redis = pytest.importorskip("redis")
    url = f"{scheme}://127.0.0.1:{redis_port}/1"
    with closing(redis.Redis(port=redis_port, db=1)) as server:
        server.flushdb()
    settings: Settings = load({"ONEREPLY_SECRET_KEY": SECRET_KEY, "ONEREPLY_LIMITS_URL": url})
    processes = [RateLimits(site.app.state.gate.fingerprints, settings.limits_url) for _ in range(2)]
    remaining = []
    for number in range(3):
        status = await processes[number % 2].count("a policy", "3/minute 10/hour", SITE, f"192.0.2.1 {scheme}")
        assert status
        remaining.append(status.remaining)
    assert remaining == [2, 1, 0]
    with pytest.raises(RateLimited) as limited:
        await processes[0].count("a policy", "3/minute 10/hour", SITE, f"192.0.2.1 {scheme}")
    assert 0 < limited.value.limit.reset <= 60
    with closing(redis.Redis(port=redis_port, db=1)) as server:
        keys = server.keys("*")
        assert keys and not any(b"192" in key for key in keys)
        assert all(0 < server.ttl(key) <= 3600 for key in keys)
    await processes[0].reset("a policy", "3/minute 10/hour", SITE, f"192.0.2.1 {scheme}")
    assert await processes[1].count("a policy", "3/minute", SITE, f"192.0.2.1 {scheme}")
    for each in processes:
        await each.close()
