"""Promises 3 and 4 through a kill -9 under load.

Every acknowledged comment is stored with its event. Others can be sent again, and are stored once.
"""

import asyncio
from itertools import count
from random import Random

import httpx2
import pytest

from tests.builders import ASite, AThread, Json, a_thread, decide
from tests.promises.checks import check_count, of_thread, verify_errors, whole_log
from tests.promises.service_process import Server

CLIENTS = 24


class Writers:
    """Clients that post until their process is gone, and record the responses.

    ``acknowledged`` are responses by key. ``unanswered`` are keys of posts that may or may not have been accepted.
    """

    def __init__(self) -> None:
        self.acknowledged: dict[str, Json] = {}
        self.unanswered: set[str] = set()
        self._keys = (f"a-key-of-its-own-{number}" for number in count())

    async def write(self, server: Server, thread: AThread, *, kill_after: int, and_seconds: float) -> None:
        """Write until ``kill_after`` more posts are acknowledged and ``and_seconds`` more; then kill the process."""
        enough, enough_acknowledged = len(self.acknowledged) + kill_after, asyncio.Event()
        async with server.thread(thread) as route, asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._write_until_killed(route, enough, enough_acknowledged))
            await enough_acknowledged.wait()
            await asyncio.sleep(and_seconds)
            await server.kill()

    async def _write_until_killed(self, route: AThread, enough: int, enough_acknowledged: asyncio.Event) -> None:
        while True:
            key = next(self._keys)
            self.unanswered.add(key)
            try:
                await self.send(route, key)
            except httpx2.TransportError:
                return
            if len(self.acknowledged) >= enough:
                enough_acknowledged.set()

    async def send(self, route: AThread, key: str) -> None:
        response = await route.post(f"Sent under {key}.", key=key)
        assert response.status_code == 201, response.text
        self.acknowledged[key] = response.json()
        self.unanswered.discard(key)


async def write_through_kills(site: ASite, database_url: str, *, kills: int, seed: int) -> None:
    thread, writers = await a_thread(site), Writers()
    random = Random(seed)  # noqa: S311  # reproducible times
    for _ in range(kills):
        after, and_seconds = random.randrange(1, 300), random.uniform(0, 0.03)
        await writers.write(await Server.start(database_url), thread, kill_after=after, and_seconds=and_seconds)
        await check_acknowledged(thread, writers)
    unanswered = sorted(writers.unanswered)
    await asyncio.gather(*(writers.send(thread, key) for key in unanswered))
    assert await check_acknowledged(thread, writers) == {
        each["comment"]["id"] for each in writers.acknowledged.values()
    }
    assert await verify_errors(site.app) == []


async def check_acknowledged(thread: AThread, writers: Writers) -> set[str]:
    """Check that each stored comment has its event, and each acknowledged one is stored; return the ids stored."""
    events = of_thread(await whole_log(thread.site), thread.article)
    published = {event["data"]["comment"]["id"] for event in events if event["type"] == "comment.published"}
    assert {each["comment"]["id"] for each in writers.acknowledged.values()} <= published
    assert len(published) <= len(writers.acknowledged) + len(writers.unanswered)
    await check_count(thread, published, by="host")
    return published


async def test_acknowledged_posts_survive_a_kill(own_site: ASite, fresh_database_url: str) -> None:
    await write_through_kills(own_site, fresh_database_url, kills=1, seed=0)


@pytest.mark.slow
async def test_acknowledged_posts_survive_many_kills(own_site: ASite, fresh_database_url: str) -> None:
    await write_through_kills(own_site, fresh_database_url, kills=6, seed=1)


@pytest.mark.slow
async def test_an_acknowledged_close_and_decision_survive_a_kill(own_site: ASite, fresh_database_url: str) -> None:
    thread, server = await a_thread(own_site), await Server.start(fresh_database_url)
    async with server.thread(thread) as route:
        posted = (await route.post()).json()
        [rejected] = await decide(route.site, "reject", posted["comment"])
        await route.close()
        await server.kill()
    assert (await thread.read())["state"] == "closed"
    seen = await own_site.call("GET", f"/comments/{posted['comment']['id']}", by="moderator")
    assert (seen.json()["comment"]["state"], rejected["state"]) == ("rejected", "rejected")
    events = [event["type"] for event in await whole_log(own_site)]
    assert events == ["thread.created", "comment.published", "comment.rejected", "thread.closed"]
    assert await verify_errors(own_site.app) == []


@pytest.mark.slow
async def test_a_stopping_process_answers_requests_in_flight(own_site: ASite, fresh_database_url: str) -> None:
    thread, server = await a_thread(own_site), await Server.start(fresh_database_url)
    async with server.thread(thread) as route:
        in_flight = [asyncio.create_task(route.post(f"Post {number}")) for number in range(CLIENTS)]
        await in_flight[0]
        stopping = asyncio.create_task(server.stop())
        answers = await asyncio.gather(*in_flight, return_exceptions=True)
        await stopping
    posted = [answer.json()["comment"]["id"] for answer in answers if isinstance(answer, httpx2.Response)]
    events = of_thread(await whole_log(own_site), thread.article)
    published = {event["data"]["comment"]["id"] for event in events if event["type"] == "comment.published"}
    assert set(posted) == published
    assert await verify_errors(own_site.app) == []
