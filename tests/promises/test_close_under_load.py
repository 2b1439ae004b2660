"""Promises 1, 2 and 5 under load: no comment is accepted after a close was acknowledged."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import NamedTuple

from tests.builders import ASite, AThread, Json, a_thread
from tests.promises.checks import check_count, of_thread, verify_errors, whole_log
from tests.promises.service_process import Server

CLIENTS = 32


class Sent(NamedTuple):
    """A post: the time it was sent, and its response."""

    at: float
    status: int
    content: Json


class PostLoad:
    """Clients that post to one thread through one or more processes until it is closed."""

    def __init__(self, routes: Sequence[AThread], *, posts_before_close: int) -> None:
        self._doors = routes
        self._posts_before_close = posts_before_close
        self.sent: list[Sent] = []
        self.reached = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(self._post_until_closed(self._doors[number % len(self._doors)], number))

    async def _post_until_closed(self, route: AThread, number: int) -> None:
        while await self.post(route, f"Client {number} says so.") == 201:
            if len(self.sent) >= self._posts_before_close:
                self.reached.set()

    async def post(self, route: AThread, body: str) -> int:
        at = monotonic()
        response = await route.post(body)
        self.sent.append(Sent(at, response.status_code, response.json()))
        return response.status_code

    @property
    def accepted(self) -> set[str]:
        return {sent.content["comment"]["id"] for sent in self.sent if sent.status == 201}


async def close_under_load(routes: Sequence[AThread], *, posts_before_close: int = 150) -> None:
    """Close the thread under load, through the first of ``routes``, and check the result."""
    thread, load = routes[0], PostLoad(routes, posts_before_close=posts_before_close)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        group.create_task(read_log_until_closed(routes[-1]))
        await load.reached.wait()
        closed = await thread.close(reason="Two weeks are over.")
        acknowledged_at = monotonic()
        after = [load.post(route, "Too late.") for route in routes for _ in range(CLIENTS)]
        assert set(await asyncio.gather(*after)) == {409}
    assert {sent.status for sent in load.sent} == {201, 409}
    assert [sent for sent in load.sent if sent.status == 201 and sent.at > acknowledged_at] == []
    await check_count(thread, load.accepted)
    assert closed.json()["reply_count"] == len(load.accepted)
    assert len(load.accepted) == [sent.status for sent in load.sent].count(201)
    events = of_thread(await whole_log(thread.site), thread.article)
    assert [event["type"] for event in events] == [
        "thread.created",
        *["comment.published"] * len(load.accepted),
        "thread.closed",
    ]
    assert [event["data"]["thread"]["reply_count"] for event in events[1:-1]] == [*range(1, len(events) - 1)]


async def read_log_until_closed(thread: AThread) -> None:
    """Poll the log as a host does; no position is ever skipped during writes."""
    position, closed = 0, False
    while not closed:
        response = await thread.site.call("GET", f"/events?after={position}&limit=100", by="host")
        events = response.json()["events"]
        assert [event["position"] for event in events] == [*range(position + 1, position + 1 + len(events))]
        position += len(events)
        closed = any(event["type"] == "thread.closed" for event in of_thread(events, thread.article))


async def test_a_close_under_load_of_one_process(own_site: ASite) -> None:
    await close_under_load([await a_thread(own_site)])
    assert await verify_errors(own_site.app) == []


async def test_a_close_under_load_of_two_processes(shared_site: ASite, servers: tuple[Server, Server]) -> None:
    thread = await a_thread(shared_site)
    async with AsyncExitStack() as stack:
        routes = [await stack.enter_async_context(server.thread(thread)) for server in servers]
        await close_under_load(routes)
    assert await verify_errors(shared_site.app) == []
    assert [server.complaints() for server in servers] == [[], []]


async def test_a_site_closes_at_once_on_both_processes_under_load(
    shared_site: ASite, servers: tuple[Server, Server]
) -> None:
    """Several times, because a post must be between its look at the site and its commit when the site closes."""
    threads, accepted = [await a_thread(shared_site) for _ in range(4)], set()
    for number in range(3):
        async with AsyncExitStack() as stack:
            routes = [await stack.enter_async_context(server.thread(each)) for each in threads for server in servers]
            load = PostLoad(routes, posts_before_close=30)
            async with asyncio.TaskGroup() as group:
                group.create_task(load.run())
                await load.reached.wait()
                closed = await routes[number % 2].site.call("POST", "/close", by="host", json={"reason": "Election."})
                acknowledged_at = monotonic()
                after = [load.post(route, "Too late.") for route in routes for _ in range(2)]
                assert set(await asyncio.gather(*after)) == {409}
            closure = closed.json()["closure"]["id"]
            assert (await routes[1].site.call("POST", "/reopen", by="host", json={"id": closure})).status_code == 200
        assert {sent.status for sent in load.sent} == {201, 409}
        assert [sent for sent in load.sent if sent.status == 201 and sent.at > acknowledged_at] == []
        accepted |= load.accepted
    types = [event["type"] for event in await whole_log(shared_site)]
    assert types.count("comment.published") == len(accepted)
    after_closes = [types[place + 1] for place, type_ in enumerate(types) if type_ == "site.closed"]
    assert after_closes == ["site.reopened"] * 3  # no comment was committed in between, acknowledged or not
    assert await verify_errors(shared_site.app) == []
    assert [server.complaints() for server in servers] == [[], []]


async def test_a_closing_time_closes_both_processes_at_that_instant_under_load(
    shared_site: ASite, servers: tuple[Server, Server]
) -> None:
    for seconds in (1, 5, 25):
        thread = await a_thread(shared_site)
        async with AsyncExitStack() as stack:
            routes = [await stack.enter_async_context(server.thread(thread)) for server in servers]
            load = PostLoad(routes, posts_before_close=50)
            async with asyncio.TaskGroup() as group:
                group.create_task(load.run())
                await load.reached.wait()
                at = datetime.now(UTC) + timedelta(seconds=seconds)
                closed = await thread.close(at=at.isoformat())
        if closed.json()["state"] == "open":
            break  # otherwise the time passed before a busy machine had written it
    accepted = [sent.content["comment"] for sent in load.sent if sent.status == 201]
    assert max(datetime.fromisoformat(comment["created_at"]) for comment in accepted) < at
    await check_count(thread, load.accepted)
    events = of_thread(await whole_log(shared_site), thread.article)
    assert [event["type"] for event in events].count("thread.closed") == 1
    assert events[-1]["type"] == "thread.closed"
    assert datetime.fromisoformat(events[-1]["occurred_at"]) == at
    assert await verify_errors(shared_site.app) == []
