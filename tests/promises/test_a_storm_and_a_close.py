"""Promises 1, 2 and 5 in a storm: whatever is in flight, nothing is accepted once a close was acknowledged."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import NamedTuple

from tests.builders import ASite, AThread, Json, a_thread
from tests.promises.proving import findings, of_thread, prove_count, whole_log
from tests.promises.serving import Server

CLIENTS = 32


class Sent(NamedTuple):
    """A post, when it was sent, and its answer."""

    at: float
    status: int
    answer: Json


class Storm:
    """Clients that post to one thread, by way of one process or several, until they are told that it is closed."""

    def __init__(self, doors: Sequence[AThread], *, calm_after: int) -> None:
        self._doors = doors
        self._calm_after = calm_after
        self.sent: list[Sent] = []
        self.raging = asyncio.Event()

    async def rage(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(self._post_until_closed(self._doors[number % len(self._doors)], number))

    async def _post_until_closed(self, door: AThread, number: int) -> None:
        while await self.post(door, f"Client {number} says so.") == 201:
            if len(self.sent) >= self._calm_after:
                self.raging.set()

    async def post(self, door: AThread, body: str) -> int:
        at = monotonic()
        response = await door.post(body)
        self.sent.append(Sent(at, response.status_code, response.json()))
        return response.status_code

    @property
    def accepted(self) -> set[str]:
        return {sent.answer["comment"]["id"] for sent in self.sent if sent.status == 201}


async def close_in_a_storm(doors: Sequence[AThread], *, calm_after: int = 150) -> None:
    """Let a storm rage, close the thread by the first of its ``doors``, and look at what came of it."""
    thread, storm = doors[0], Storm(doors, calm_after=calm_after)
    async with asyncio.TaskGroup() as group:
        group.create_task(storm.rage())
        group.create_task(follow_until_closed(doors[-1]))
        await storm.raging.wait()
        closed = await thread.close(reason="Two weeks are over.")
        acknowledged_at = monotonic()
        after = [storm.post(door, "Too late.") for door in doors for _ in range(CLIENTS)]
        assert set(await asyncio.gather(*after)) == {409}
    assert {sent.status for sent in storm.sent} == {201, 409}
    assert [sent for sent in storm.sent if sent.status == 201 and sent.at > acknowledged_at] == []
    await prove_count(thread, storm.accepted)
    assert closed.json()["reply_count"] == len(storm.accepted)
    assert len(storm.accepted) == [sent.status for sent in storm.sent].count(201)
    told = of_thread(await whole_log(thread.site), thread.article)
    assert [event["type"] for event in told] == [
        "thread.created",
        *["comment.published"] * len(storm.accepted),
        "thread.closed",
    ]
    assert [event["data"]["thread"]["reply_count"] for event in told[1:-1]] == [*range(1, len(told) - 1)]


async def follow_until_closed(thread: AThread) -> None:
    """Read the log on and on, as a host does; no position is ever skipped, even while others are being written."""
    position, closed = 0, False
    while not closed:
        response = await thread.site.call("GET", f"/events?after={position}&limit=100", by="host")
        events = response.json()["events"]
        assert [event["position"] for event in events] == [*range(position + 1, position + 1 + len(events))]
        position += len(events)
        closed = any(event["type"] == "thread.closed" for event in of_thread(events, thread.article))


async def test_a_close_in_a_storm_of_one_process(own_site: ASite) -> None:
    await close_in_a_storm([await a_thread(own_site)])
    assert await findings(own_site.app) == []


async def test_a_close_in_a_storm_of_two_processes(storm_site: ASite, servers: tuple[Server, Server]) -> None:
    thread = await a_thread(storm_site)
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(server.thread(thread)) for server in servers]
        await close_in_a_storm(doors)
    assert await findings(storm_site.app) == []
    assert [server.complaints() for server in servers] == [[], []]


async def test_a_closing_time_that_comes_in_a_storm_closes_both_processes_at_that_instant(
    storm_site: ASite, servers: tuple[Server, Server]
) -> None:
    for seconds in (1, 5, 25):
        thread = await a_thread(storm_site)
        async with AsyncExitStack() as stack:
            doors = [await stack.enter_async_context(server.thread(thread)) for server in servers]
            storm = Storm(doors, calm_after=50)
            async with asyncio.TaskGroup() as group:
                group.create_task(storm.rage())
                await storm.raging.wait()
                at = datetime.now(UTC) + timedelta(seconds=seconds)
                closed = await thread.close(at=at.isoformat())
        if closed.json()["state"] == "open":
            break  # otherwise the time was over before a busy machine had written it
    accepted = [sent.answer["comment"] for sent in storm.sent if sent.status == 201]
    assert max(datetime.fromisoformat(comment["created_at"]) for comment in accepted) < at
    await prove_count(thread, storm.accepted)
    told = of_thread(await whole_log(storm_site), thread.article)
    assert [event["type"] for event in told].count("thread.closed") == 1
    assert told[-1]["type"] == "thread.closed"
    assert datetime.fromisoformat(told[-1]["occurred_at"]) == at
    assert await findings(storm_site.app) == []
