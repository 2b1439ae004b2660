"""One process has many streams, and ends each of them when it must."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from service.app import App, create_app
from service.reading.streams.log_follower import LogFollower
from service.settings import Settings
from tests.builders import ASite, Clock, a_comment, a_site, a_thread
from tests.conftest import SECRET_KEY
from tests.promises.test_query_counts import watched
from tests.reading.streams.listening import Listener, listening
from tests.reading.streams.test_streams import names
from tests.test_metrics import KEY, scrape


@asynccontextmanager
async def an_app(database_url: str, *, streams: int = 100) -> AsyncIterator[App]:
    """An app of its own, as another process has it."""
    settings = Settings(
        secret_key=SECRET_KEY,
        database_url=database_url,
        sweep_seconds=3600,
        webhooks_in_serve=False,
        max_streams=streams,
        metrics_key=KEY,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


async def test_what_another_process_commits_is_heard(site: ASite, database_url: str) -> None:
    thread = await a_thread(site)
    async with an_app(database_url) as other, listening(thread, app=other) as listener:
        await a_comment(thread)
        assert (await listener.hear()).event == "comment.published"
        await thread.close()
        assert (await listener.hear()).event == "thread.closed"


async def test_a_thread_closes_before_its_listeners_when_its_time_comes(site: ASite, the_clock: Clock) -> None:
    at = the_clock.now() + timedelta(hours=1)
    thread = await a_thread(site, closing={"kind": "at", "at": at.isoformat()})
    async with listening(thread) as listener:
        the_clock.move(hours=1)
        heard = await listener.hear()
    assert (heard.event, heard.data["thread"]["notice"]) == ("thread.closed", "Comments are closed.")


async def test_a_thread_closes_before_its_listeners_some_days_after_publication(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=14)
    thread = await a_thread(site, published_at=the_clock.now().isoformat())
    async with listening(thread) as listener:
        the_clock.move(days=14)
        assert (await listener.hear()).event == "thread.closed"


async def test_another_number_of_days_closes_before_listeners_too(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=14)
    thread = await a_thread(site, published_at=(the_clock.now() - timedelta(days=3)).isoformat())
    async with listening(thread) as listener:
        await site.set(close_after_days=2)
        assert (await listener.hear()).event == "thread.closed"


async def test_a_client_that_takes_nothing_is_cut_off_and_comes_back_for_the_rest(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.reading.streams.stream.MAX_BUFFERED", 3)
    thread = await a_thread(site)
    async with listening(thread) as slow, listening(thread) as quick:
        await slow.catch_up()
        slow.takes.clear()
        for number in range(6):
            await a_comment(thread, f"{number}.")
            await quick.hear()
        slow.takes.set()
        first = await slow.hear_all()
    async with listening(thread, last_event_id=slow.parser.last_id) as again:
        rest = await again.catch_up()
    assert [each.data["thread"]["reply_count"] for each in (*first, *rest)] == [1, 2, 3, 4, 5, 6]
    assert rest


async def test_a_client_that_is_gone_without_a_word_gives_its_place_back(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.reading.streams.api.SEND_SECONDS", 0.05)
    thread = await a_thread(site)
    async with listening(thread) as listener:
        await listener.catch_up()
        listener.takes.clear()
        await a_comment(thread)
        await asyncio.wait_for(listener.task, 20)


async def test_a_process_has_so_many_streams_and_no_more(database_url: str) -> None:
    async with an_app(database_url, streams=2) as app, a_site(app) as site:
        thread = await a_thread(site)
        async with listening(thread), listening(thread), listening(thread) as third:
            assert (third.status, third.headers["retry-after"]) == (503, "30")
        async with listening(thread) as later:
            assert later.status == 200


async def test_an_address_has_twenty_streams_and_no_more(site: ASite) -> None:
    thread = await a_thread(site)
    async with AsyncExitStack() as stack:
        first = [await stack.enter_async_context(listening(thread, address="192.0.2.9")) for _ in range(20)]
        assert {each.status for each in first} == {200}
        async with listening(thread, address="192.0.2.9") as refused, listening(thread) as of_another:
            assert (refused.status, refused.headers["retry-after"]) == (429, "30")
            assert of_another.status == 200
        await first[0].leave()
        async with listening(thread, address="192.0.2.9") as later:
            assert later.status == 200


async def test_many_streams_ask_the_database_once(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.reading.streams.log_follower.TICK_SECONDS", 3600)
    thread = await a_thread(site)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(thread, address=f"192.0.2.{n}")) for n in range(50)]
        for each in streams:
            await each.catch_up()
        with watched() as statements:
            await a_comment(thread)
            for each in streams:
                await each.hear()
    read = [statement for statement in statements if "FROM events" in statement.sql]
    assert len(read) == 1


async def test_many_who_come_back_at_once_ask_the_database_little(site: ASite) -> None:
    thread = await a_thread(site)
    start = thread.registered["sequence"]
    await a_comment(thread)
    streams = [listening(thread, query=f"sequence={start}", address=f"192.0.2.{number}") for number in range(50)]
    async with AsyncExitStack() as stack:
        with watched() as statements:
            back = await asyncio.gather(*(stack.enter_async_context(stream) for stream in streams))
            missed = [await each.catch_up() for each in back]
    assert [names(each) for each in missed] == [["comment.published"]] * 50
    assert len([statement for statement in statements if "FROM events" in statement.sql]) < 25


async def test_nobody_listens_and_nothing_is_read(site: ASite) -> None:
    thread = await a_thread(site)
    following: LogFollower = site.app.state.log_follower
    async with listening(thread):
        task = following._task
        assert task and not task.done()
    await asyncio.wait_for(task, 20)
    async with listening(thread) as listener:
        await a_comment(thread)
        assert (await listener.hear()).event == "comment.published"


async def test_every_stream_ends_when_the_app_stops(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        async with an_app(database_url) as app, a_site(app) as site:
            thread = await a_thread(site)
            listeners: list[Listener] = [await stack.enter_async_context(listening(thread)) for _ in range(3)]
        assert [await each.hear_all() for each in listeners] == [[]] * 3


async def test_the_numbers_tell_how_many_streams_are_open_and_not_for_how_long(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = "/v1/sites/{site}/threads/{article}/stream"
    async with an_app(database_url) as app, a_site(app) as site:
        thread, before = await a_thread(site), await scrape(site)
        async with listening(thread), listening(thread):
            open_ = await scrape(site)
            hours_later = time.perf_counter() + 10_000
            monkeypatch.setattr(time, "perf_counter", lambda: hours_later)
        after = await scrape(site)
    assert open_["onereply_streams"] == 2
    assert after["onereply_streams"] == 0
    name = f'onereply_request_seconds_%s{{route="{route}"}}'
    assert after[name % "count"] - before.get(name % "count", 0) == 2
    assert after[name % "sum"] - before.get(name % "sum", 0) < 10_000
