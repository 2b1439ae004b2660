"""Promise 8: a cached response is never older than the bound, and a process always sees its own writes."""

import asyncio
from datetime import timedelta

from service.app import create_app
from service.settings import Settings
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide
from tests.conftest import SECRET_KEY
from tests.promises.service_process import Server


async def read_in_every_way(thread: AThread) -> list[Json]:
    """Read the thread, its comments in both orders, and its count, as an anonymous reader."""
    counts = await thread.site.call("GET", "/counts", params={"article": [thread.article, "unknown"]})
    return [await thread.read(), await thread.page(), await thread.page(order="newest"), counts.json()]


async def test_a_process_sees_its_own_writes_at_once(own_site: ASite, the_clock: Clock) -> None:
    thread, other = await a_thread(own_site), await a_thread(own_site)
    elsewhere = await read_in_every_way(other)
    seen = [await read_in_every_way(thread)]
    comment = (await a_comment(thread))["comment"]
    seen.append(await read_in_every_way(thread))
    await decide(own_site, "reject", comment)
    seen.append(await read_in_every_way(thread))
    await thread.close(reason="Enough.")
    seen.append(await read_in_every_way(thread))
    await own_site.call("PUT", thread.path, by="host", json={"title": "Another title"})
    seen.append(await read_in_every_way(thread))
    await own_site.set(close_after_days=3)
    seen.append(await read_in_every_way(thread))
    assert [len(each[1]["comments"]) for each in seen] == [0, 1, 0, 0, 0, 0]
    assert [each[3]["counts"][0]["reply_count"] for each in seen] == [0, 1, 0, 0, 0, 0]
    assert [each[0]["state"] for each in seen] == ["open"] * 3 + ["closed"] * 3
    assert [each[1]["thread"]["title"] for each in seen[-2:]] == ["Another title"] * 2
    assert await read_in_every_way(other) == elsewhere


async def test_an_unknown_article_is_counted_once_it_is_registered(own_site: ASite, the_clock: Clock) -> None:
    async def state() -> str | None:
        counts = await own_site.call("GET", "/counts", params={"article": "to-come"})
        found: str | None = counts.json()["counts"][0]["state"]
        return found

    assert await state() is None
    await a_thread(own_site, article="to-come")
    assert await state() == "open"


async def test_writes_of_another_process_are_seen_after_the_bound(
    own_site: ASite, the_clock: Clock, fresh_database_url: str
) -> None:
    thread = await a_thread(own_site)
    before = await read_in_every_way(thread)
    other = create_app(Settings(secret_key=SECRET_KEY, database_url=fresh_database_url, sweep_seconds=3600))
    async with other.router.lifespan_context(other):
        elsewhere = own_site.at(other)
        async with elsewhere.client:
            await a_comment(AThread(elsewhere, thread.article))
    assert await read_in_every_way(thread) == before  # still cached, so the test can fail
    the_clock.move(seconds=1)  # as the README states
    [now, *_] = await read_in_every_way(thread)
    assert now["reply_count"] == 1


async def test_a_sites_feed_is_never_older_than_the_bound(
    own_site: ASite, the_clock: Clock, fresh_database_url: str
) -> None:
    async def count_entries() -> int:
        return (await own_site.call("GET", "/feed.atom")).text.count("<entry>")

    thread = await a_thread(own_site)
    assert await count_entries() == 0
    await a_comment(thread)
    assert await count_entries() == 1  # its own write, at once
    other = create_app(Settings(secret_key=SECRET_KEY, database_url=fresh_database_url, sweep_seconds=3600))
    async with other.router.lifespan_context(other):
        elsewhere = own_site.at(other)
        async with elsewhere.client:
            await a_comment(await a_thread(elsewhere))
    assert await count_entries() == 1  # still cached, so the test can fail
    the_clock.move(seconds=1)
    assert await count_entries() == 2


async def test_a_thread_past_its_closing_time_is_closed_in_every_response(own_site: ASite, the_clock: Clock) -> None:
    at = the_clock.instant + timedelta(seconds=20)
    thread = await a_thread(own_site, closing={"kind": "at", "at": at.isoformat()})
    for seconds, age in ((0, 5), (14, 5), (3, 3), (2.9, 0)):
        the_clock.move(seconds=seconds)
        response = await own_site.call("GET", thread.path)
        assert (response.json()["state"], response.headers["cache-control"]) == ("open", f"public, max-age={age}")
    the_clock.move(seconds=0.1)
    assert {each["thread"]["state"] for each in (await read_in_every_way(thread))[1:3]} == {"closed"}


async def test_clients_find_their_own_posts_under_load(shared_site: ASite, servers: tuple[Server, Server]) -> None:
    thread, clients, posts = await a_thread(shared_site), 8, 6

    async def post_and_read(route: AThread) -> None:
        for number in range(posts):
            posted = (await a_comment(route, f"Words {number}."))["comment"]
            assert posted["id"] in {comment["id"] for comment in await route.pages(limit=100)}
            assert (await route.read())["sequence"] >= number + 2

    async with servers[0].thread(thread) as first, servers[1].thread(thread) as second:
        await asyncio.gather(*(post_and_read(route) for route in (first, second) for _ in range(clients // 2)))
        async with asyncio.timeout(30):
            for route in (first, second):
                while (await route.read())["reply_count"] < clients * posts:
                    pass
    assert [server.complaints() for server in servers] == [[], []]
