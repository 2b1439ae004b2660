"""The streams of a process: shared reads, limits and their end."""

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
from tests.reading.streams.stream_client import StreamClient, open_stream
from tests.reading.streams.test_streams import names
from tests.test_metrics import KEY, scrape


@asynccontextmanager
async def an_app(database_url: str, *, streams: int = 100) -> AsyncIterator[App]:
    """An app with a state of its own, like another process."""
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


async def test_commits_of_another_process_are_streamed(site: ASite, database_url: str) -> None:
    thread = await a_thread(site)
    async with an_app(database_url) as other, open_stream(thread, app=other) as listener:
        await a_comment(thread)
        assert (await listener.next_message()).event == "comment.published"
        await thread.close()
        assert (await listener.next_message()).event == "thread.closed"


async def test_a_closing_time_is_streamed(site: ASite, the_clock: Clock) -> None:
    at = the_clock.now() + timedelta(hours=1)
    thread = await a_thread(site, closing={"kind": "at", "at": at.isoformat()})
    async with open_stream(thread) as listener:
        the_clock.move(hours=1)
        received = await listener.next_message()
    assert (received.event, received.data["thread"]["notice"]) == ("thread.closed", "Comments are closed.")


async def test_a_closing_time_that_is_near_is_announced(site: ASite, the_clock: Clock) -> None:
    await site.set(time_zone="Europe/Berlin")
    thread = await a_thread(site)
    async with open_stream(thread) as listener:
        for days, expected in (
            (8, (None, None)),
            (1, ("2026-11-25T12:00:00Z", "Comments close on 25 November at 13:00.")),
        ):
            closing = {"kind": "at", "at": (the_clock.now() + timedelta(days=days)).isoformat()}
            await site.call("PUT", thread.path, by="host", json={"closing": closing})
            told = (await listener.next_message()).data["thread"]
            assert (told["closes_at"], told["notice"]) == expected
            assert told["state"] == "open"


async def test_a_closing_some_days_after_publication_is_streamed(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=14)
    thread = await a_thread(site, published_at=the_clock.now().isoformat())
    async with open_stream(thread) as listener:
        the_clock.move(days=14)
        assert (await listener.next_message()).event == "thread.closed"


async def test_a_closing_by_a_changed_setting_is_streamed(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=14)
    thread = await a_thread(site, published_at=(the_clock.now() - timedelta(days=3)).isoformat())
    async with open_stream(thread) as listener:
        await site.set(close_after_days=2)
        assert (await listener.next_message()).event == "thread.closed"


async def test_a_slow_client_is_disconnected_and_catches_up(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.reading.streams.stream_buffer.MAX_BUFFERED", 3)
    thread = await a_thread(site)
    async with open_stream(thread) as slow, open_stream(thread) as quick:
        await slow.catch_up()
        slow.reads.clear()
        for number in range(6):
            await a_comment(thread, f"{number}.")
            await quick.next_message()
        slow.reads.set()
        first = await slow.read_to_end()
    async with open_stream(thread, last_event_id=slow.parser.last_id) as again:
        rest = await again.catch_up()
    assert [each.data["thread"]["reply_count"] for each in (*first, *rest)] == [1, 2, 3, 4, 5, 6]
    assert rest


async def test_a_vanished_client_is_disconnected_after_the_send_timeout(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.reading.streams.stream_response.SEND_TIMEOUT_SECONDS", 0.05)
    thread = await a_thread(site)
    async with open_stream(thread) as listener:
        await listener.catch_up()
        listener.reads.clear()
        await a_comment(thread)
        await asyncio.wait_for(listener.task, 20)


async def test_streams_per_process_are_limited(database_url: str) -> None:
    async with an_app(database_url, streams=2) as app, a_site(app) as site:
        thread = await a_thread(site)
        async with open_stream(thread), open_stream(thread), open_stream(thread) as third:
            assert (third.status, third.headers["retry-after"]) == (503, "30")
        async with open_stream(thread) as later:
            assert later.status == 200


async def test_an_address_has_at_most_twenty_streams(site: ASite) -> None:
    thread = await a_thread(site)
    async with AsyncExitStack() as stack:
        first = [await stack.enter_async_context(open_stream(thread, address="192.0.2.9")) for _ in range(20)]
        assert {each.status for each in first} == {200}
        async with open_stream(thread, address="192.0.2.9") as refused, open_stream(thread) as of_another:
            assert (refused.status, refused.headers["retry-after"]) == (429, "30")
            assert of_another.status == 200
        await first[0].leave()
        async with open_stream(thread, address="192.0.2.9") as later:
            assert later.status == 200


async def test_many_streams_share_one_query(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.reading.streams.log_follower.TICK_SECONDS", 3600)
    thread = await a_thread(site)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(open_stream(thread, address=f"192.0.2.{n}")) for n in range(50)]
        for each in streams:
            await each.catch_up()
        with watched() as statements:
            await a_comment(thread)
            for each in streams:
                await each.next_message()
    read = [statement for statement in statements if "FROM events" in statement.sql]
    assert len(read) == 1


async def test_clients_that_reconnect_at_once_share_queries(site: ASite) -> None:
    thread = await a_thread(site)
    start = thread.registered["sequence"]
    await a_comment(thread)
    streams = [open_stream(thread, query=f"sequence={start}", address=f"192.0.2.{number}") for number in range(50)]
    async with AsyncExitStack() as stack:
        with watched() as statements:
            back = await asyncio.gather(*(stack.enter_async_context(stream) for stream in streams))
            missed = [await each.catch_up() for each in back]
    assert [names(each) for each in missed] == [["comment.published"]] * 50
    assert len([statement for statement in statements if "FROM events" in statement.sql]) < 25


async def test_without_streams_the_log_is_not_read(site: ASite) -> None:
    thread = await a_thread(site)
    log_follower: LogFollower = site.app.state.log_follower
    async with open_stream(thread):
        task = log_follower._task
        assert task and not task.done()
    await asyncio.wait_for(task, 20)
    async with open_stream(thread) as listener:
        await a_comment(thread)
        assert (await listener.next_message()).event == "comment.published"


async def test_every_stream_ends_when_the_app_stops(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        async with an_app(database_url) as app, a_site(app) as site:
            thread = await a_thread(site)
            listeners: list[StreamClient] = [await stack.enter_async_context(open_stream(thread)) for _ in range(3)]
        assert [await each.read_to_end() for each in listeners] == [[]] * 3


async def test_metrics_count_open_streams_and_not_their_duration(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = "/v1/sites/{site}/threads/{article}/stream"
    async with an_app(database_url) as app, a_site(app) as site:
        thread, before = await a_thread(site), await scrape(site)
        async with open_stream(thread), open_stream(thread):
            open_ = await scrape(site)
            hours_later = time.perf_counter() + 10_000
            monkeypatch.setattr(time, "perf_counter", lambda: hours_later)
        after = await scrape(site)
    assert open_["onereply_streams"] == 2
    assert after["onereply_streams"] == 0
    name = f'onereply_request_seconds_%s{{route="{route}"}}'
    assert after[name % "count"] - before.get(name % "count", 0) == 2
    assert after[name % "sum"] - before.get(name % "sum", 0) < 10_000
