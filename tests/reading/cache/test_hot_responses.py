"""Hot reads get the answer that they would get without the short way, and never an older one."""

import httpx2
import pytest

from service.platform.metrics import LATENCY, REQUESTS
from service.reading.cache.hot_responses import HotResponse
from tests.builders import ASite, Clock, Json, a_comment, a_site, a_thread

PATHS = (
    "/threads/{}/comments",
    "/threads/{}/comments?limit=1&order=newest",
    "/threads/{}/comments.html",
    "/threads/{}/feed.atom",
    "/threads/{}",
    "/counts?article={}&article=none",
    "/feed.atom",
)
HEADERS: tuple[Json, ...] = (
    {},
    {"Accept-Language": "fr-CA, de;q=0.5"},
    {"Accept-Encoding": "gzip, deflate, br"},
    {"Accept-Encoding": "gzip;q=0"},
    {"Origin": "https://gazette.example"},
    {"Origin": "https://evil.example"},
    {"X-Request-ID": "from-the-client", "Cookie": "a=b", "User-Agent": "Mozilla/5.0"},
    {"Host": "comments.example:8443", "Sec-Fetch-Site": "cross-site"},
)


def parts(answer: httpx2.Response) -> tuple[int, set[tuple[str, str]], bytes]:
    """The status, headers and body; without the id of the request, unless the client gave it."""
    given = answer.request.headers.get("x-request-id")
    headers = {(name, value) for name, value in answer.headers.multi_items() if name != "x-request-id" or given}
    return answer.status_code, headers, answer.content


@pytest.mark.parametrize("origins", [None, "*", "https://gazette.example"])
async def test_a_hot_read_gets_the_same_answer(
    site: ASite, hot: list[HotResponse], the_clock: Clock, origins: str | None
) -> None:
    await site.set(cors_origins=origins)
    thread = await a_thread(site, article="a/b")
    for number in range(30):
        await a_comment(thread, f"Twelve minutes to the station instead of forty, number {number}.")
    for path in PATHS:
        for headers in HEADERS:
            address = path.format("a%2Fb")
            cold = await site.call("GET", address, headers=headers)
            hot.clear()  # a path whose answer does not depend on these headers was remembered before
            warm = await site.call("GET", address, headers=headers)
            assert len(hot) == 1, (path, headers)
            assert parts(warm) == parts(cold), (path, headers)
            for tag in (cold.headers["etag"], f'"x", {cold.headers["etag"]}', "*", '"other"'):
                known = {**headers, "If-None-Match": tag}
                short = await site.call("GET", address, headers=known)
                site.app.state.hot_responses._paths.clear()
                assert parts(short) == parts(await site.call("GET", address, headers=known)), (path, known)
            site.app.state.hot_responses._paths.clear()
            hot.clear()


async def test_each_change_is_in_the_next_answer(site: ASite, hot: list[HotResponse], the_clock: Clock) -> None:
    thread = await a_thread(site, article="a")
    for path in ("/threads/a/comments", "/counts?article=a", "/threads/a/comments.html"):
        posted = (await a_comment(thread, "Well said."))["comment"]
        before = [await site.call("GET", path) for _ in range(3)]
        assert len(hot) == 2
        await a_comment(thread, "Indeed.")
        assert (await site.call("GET", path)).text != before[-1].text
        decision = {"action": "reject", "comments": [{"id": posted["id"], "revision": posted["revision"]}]}
        await site.call("GET", path)
        await site.call("POST", "/decisions", by="moderator", json=decision)
        assert posted["id"] not in (await site.call("GET", path)).text
        hot.clear()


async def test_a_closing_time_and_a_setting_end_a_hot_answer(
    site: ASite, hot: list[HotResponse], the_clock: Clock
) -> None:
    closing = {"kind": "at", "at": "2026-11-24T12:00:10Z"}
    await a_thread(site, article="a", closing=closing)
    path = "/threads/a"
    for _ in range(3):
        assert (await site.call("GET", path)).json()["state"] == "open"
    assert len(hot) == 2
    the_clock.move(seconds=10)
    assert (await site.call("GET", path)).json()["state"] == "closed"
    await site.call("GET", path)
    await site.set(cors_origins="*")
    assert (await site.call("GET", path)).headers["access-control-allow-origin"] == "*"


async def test_hot_reads_count_against_the_rate_limit_of_an_address(
    site: ASite, hot: list[HotResponse], the_clock: Clock
) -> None:
    await site.set(request_limit_per_address="5/minute")
    await a_thread(site, article="a")
    statuses = [(await site.call("GET", "/threads/a")).status_code for _ in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    assert len(hot) == 4


async def test_a_client_that_names_itself_goes_the_usual_way(
    site: ASite, hot: list[HotResponse], the_clock: Clock
) -> None:
    await a_thread(site, article="a")
    for by in (None, "moderator", "host", "unknown"):
        for _ in range(2):
            await site.call("GET", "/threads/a/comments", by=by)
    assert len(hot) == 1
    assert (await site.call("GET", "/threads/a/comments?unknown=1")).status_code == 400
    assert (await site.call("HEAD", "/threads/a/comments")).content == b""
    assert (await site.call("POST", "/threads/a")).status_code == 405


async def test_hot_reads_are_in_the_metrics(site: ASite, hot: list[HotResponse], the_clock: Clock) -> None:
    route = "/v1/sites/{site}/threads/{article}"
    counter, seconds = REQUESTS.labels("GET", route, "200"), LATENCY.labels(route)

    def counted() -> tuple[float, float]:
        [samples] = [each.samples for each in LATENCY.collect()]
        observed = [each.value for each in samples if each.labels["route"] == route and each.name.endswith("_count")]
        return counter._value.get(), sum(observed)

    seconds.observe(0)
    await a_thread(site, article="a")
    site.app.state.hot_responses.flush()
    before = counted()
    for _ in range(5):
        await site.call("GET", "/threads/a")
    site.app.state.hot_responses.flush()
    after = counted()
    assert len(hot) == 4
    assert (after[0] - before[0], after[1] - before[1]) == (5, 5)


async def test_variants_and_paths_are_bounded(site: ASite, hot: list[HotResponse], the_clock: Clock) -> None:
    await a_thread(site, article="a")
    for number in range(200):
        await site.call("GET", "/threads/a", headers={"Accept-Language": f"en;q=0.{number:03}"})
    paths = site.app.state.hot_responses._paths
    assert max(len(path.responses) for path in paths.values()) <= 64


async def test_a_hidden_thread_and_another_site_are_not_found(
    site: ASite, hot: list[HotResponse], the_clock: Clock
) -> None:
    await a_thread(site, article="a")
    for _ in range(2):
        assert (await site.call("GET", "/threads/a")).status_code == 200
    await site.call("PUT", "/threads/a", by="host", json={"published_at": "2999-01-01T00:00:00Z"})
    assert (await site.call("GET", "/threads/a")).status_code == 404
    async with a_site(site.app) as other:
        assert (await other.call("GET", "/threads/a")).status_code == 404
