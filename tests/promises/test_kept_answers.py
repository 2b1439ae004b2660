"""Promise 7: an answer that is kept is never older than the bound, and a process always sees its own writes."""

import asyncio
from datetime import timedelta

from service.app import create_app
from service.settings import Settings
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide
from tests.conftest import SECRET_KEY
from tests.promises.serving import Server


async def read_in_every_way(thread: AThread) -> list[Json]:
    """The thread, its comments from both ends, and its count, as anybody reads them."""
    counts = await thread.site.call("GET", "/counts", params={"article": [thread.article, "unknown"]})
    return [await thread.read(), await thread.page(), await thread.page(order="newest"), counts.json()]


async def test_whatever_is_done_is_seen_at_once(own_site: ASite, the_clock: Clock) -> None:
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


async def test_an_article_that_was_not_there_is_counted_once_it_is(own_site: ASite, the_clock: Clock) -> None:
    async def state() -> str | None:
        counts = await own_site.call("GET", "/counts", params={"article": "to-come"})
        found: str | None = counts.json()["counts"][0]["state"]
        return found

    assert await state() is None
    await a_thread(own_site, article="to-come")
    assert await state() == "open"


async def test_what_another_process_does_is_seen_when_the_bound_is_over(
    own_site: ASite, the_clock: Clock, fresh_database_url: str
) -> None:
    thread = await a_thread(own_site)
    before = await read_in_every_way(thread)
    other = create_app(Settings(secret_key=SECRET_KEY, database_url=fresh_database_url, sweep_seconds=3600))
    async with other.router.lifespan_context(other):
        elsewhere = own_site.at(other)
        async with elsewhere.client:
            await a_comment(AThread(elsewhere, thread.article))
    assert await read_in_every_way(thread) == before  # so it is kept, and the test sees something
    the_clock.move(seconds=1)  # as the README states
    [now, *_] = await read_in_every_way(thread)
    assert now["reply_count"] == 1


async def test_a_sites_feed_is_never_older_than_the_bound(
    own_site: ASite, the_clock: Clock, fresh_database_url: str
) -> None:
    async def told() -> int:
        return (await own_site.call("GET", "/feed.atom")).text.count("<entry>")

    thread = await a_thread(own_site)
    assert await told() == 0
    await a_comment(thread)
    assert await told() == 1  # what the process itself wrote, at once
    other = create_app(Settings(secret_key=SECRET_KEY, database_url=fresh_database_url, sweep_seconds=3600))
    async with other.router.lifespan_context(other):
        elsewhere = own_site.at(other)
        async with elsewhere.client:
            await a_comment(await a_thread(elsewhere))
    assert await told() == 1  # so it is kept, and the test sees something
    the_clock.move(seconds=1)
    assert await told() == 2


async def test_a_thread_that_closes_by_itself_is_closed_in_every_answer(own_site: ASite, the_clock: Clock) -> None:
    at = the_clock.instant + timedelta(seconds=20)
    thread = await a_thread(own_site, closing={"kind": "at", "at": at.isoformat()})
    for seconds, age in ((0, 5), (14, 5), (3, 3), (2.9, 0)):
        the_clock.move(seconds=seconds)
        answer = await own_site.call("GET", thread.path)
        assert (answer.json()["state"], answer.headers["cache-control"]) == ("open", f"public, max-age={age}")
    the_clock.move(seconds=0.1)
    assert {each["thread"]["state"] for each in (await read_in_every_way(thread))[1:3]} == {"closed"}


async def test_in_a_storm_everybody_finds_what_they_posted(storm_site: ASite, servers: tuple[Server, Server]) -> None:
    thread, people, posts = await a_thread(storm_site), 16, 12

    async def post_and_look(way: AThread) -> None:
        for number in range(posts):
            posted = (await a_comment(way, f"Words {number}."))["comment"]
            assert posted["id"] in {comment["id"] for comment in await way.pages(limit=100)}
            assert (await way.read())["sequence"] >= number + 2

    async with servers[0].thread(thread) as first, servers[1].thread(thread) as second:
        await asyncio.gather(*(post_and_look(way) for way in (first, second) for _ in range(people // 2)))
        async with asyncio.timeout(30):
            for way in (first, second):
                while (await way.read())["reply_count"] < people * posts:
                    pass
    assert [server.complaints() for server in servers] == [[], []]
