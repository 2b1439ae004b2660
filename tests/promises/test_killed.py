"""Promises 3 and 4 through a kill -9 in the middle of a storm: what was acknowledged is there, and told; what was not
can be sent again, and is there once.
"""

import asyncio
from itertools import count
from random import Random

import httpx2
import pytest

from tests.builders import ASite, AThread, Json, a_thread, decide
from tests.promises.proving import findings, of_thread, prove_count, whole_log
from tests.promises.serving import Server

CLIENTS = 24


class Writers:
    """Clients that post until the process behind them is gone, and remember what they were told.

    ``acknowledged`` are answers by key; ``unanswered`` keys whose post may or may not have been taken.
    """

    def __init__(self) -> None:
        self.acknowledged: dict[str, Json] = {}
        self.unanswered: set[str] = set()
        self._keys = (f"a-key-of-its-own-{number}" for number in count())

    async def write(self, server: Server, thread: AThread, *, kill_after: int, and_seconds: float) -> None:
        """Write until ``kill_after`` more posts are acknowledged, and a little longer; then the process is killed."""
        enough, enough_said = len(self.acknowledged) + kill_after, asyncio.Event()
        async with server.thread(thread) as door, asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._write_until_gone(door, enough, enough_said))
            await enough_said.wait()
            await asyncio.sleep(and_seconds)
            await server.kill()

    async def _write_until_gone(self, door: AThread, enough: int, enough_said: asyncio.Event) -> None:
        while True:
            key = next(self._keys)
            self.unanswered.add(key)
            try:
                await self.send(door, key)
            except httpx2.TransportError:
                return
            if len(self.acknowledged) >= enough:
                enough_said.set()

    async def send(self, door: AThread, key: str) -> None:
        response = await door.post(f"Sent under {key}.", key=key)
        assert response.status_code == 201, response.text
        self.acknowledged[key] = response.json()
        self.unanswered.discard(key)


async def write_through_kills(site: ASite, database_url: str, *, kills: int, seed: int) -> None:
    thread, writers = await a_thread(site), Writers()
    random = Random(seed)  # noqa: S311  # moments that can be had again
    for _ in range(kills):
        after, and_seconds = random.randrange(1, 300), random.uniform(0, 0.03)
        await writers.write(await Server.start(database_url), thread, kill_after=after, and_seconds=and_seconds)
        await prove_kept(thread, writers)
    unanswered = sorted(writers.unanswered)
    await asyncio.gather(*(writers.send(thread, key) for key in unanswered))
    assert await prove_kept(thread, writers) == {each["comment"]["id"] for each in writers.acknowledged.values()}
    assert await findings(site.app) == []


async def prove_kept(thread: AThread, writers: Writers) -> set[str]:
    """Each acknowledged comment is there, and told; so is each other that is there. The ids of all that are."""
    told = of_thread(await whole_log(thread.site), thread.article)
    published = {event["data"]["comment"]["id"] for event in told if event["type"] == "comment.published"}
    assert {each["comment"]["id"] for each in writers.acknowledged.values()} <= published
    assert len(published) <= len(writers.acknowledged) + len(writers.unanswered)
    await prove_count(thread, published, by="host")
    return published


async def test_what_was_acknowledged_survives_a_kill(own_site: ASite, fresh_database_url: str) -> None:
    await write_through_kills(own_site, fresh_database_url, kills=1, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_what_was_acknowledged_survives_many_kills(own_site: ASite, fresh_database_url: str, seed: int) -> None:
    await write_through_kills(own_site, fresh_database_url, kills=6, seed=seed)


@pytest.mark.slow
async def test_a_close_and_a_decision_that_were_acknowledged_survive_a_kill(
    own_site: ASite, fresh_database_url: str
) -> None:
    thread, server = await a_thread(own_site), await Server.start(fresh_database_url)
    async with server.thread(thread) as door:
        posted = (await door.post()).json()
        [rejected] = await decide(door.site, "reject", posted["comment"])
        await door.close()
        await server.kill()
    assert (await thread.read())["state"] == "closed"
    seen = await own_site.call("GET", f"/comments/{posted['comment']['id']}", by="moderator")
    assert (seen.json()["comment"]["state"], rejected["state"]) == ("rejected", "rejected")
    told = [event["type"] for event in await whole_log(own_site)]
    assert told == ["thread.created", "comment.published", "comment.rejected", "thread.closed"]
    assert await findings(own_site.app) == []


@pytest.mark.slow
async def test_a_process_told_to_stop_answers_what_is_in_flight(own_site: ASite, fresh_database_url: str) -> None:
    thread, server = await a_thread(own_site), await Server.start(fresh_database_url)
    async with server.thread(thread) as door:
        in_flight = [asyncio.create_task(door.post(f"Post {number}")) for number in range(CLIENTS)]
        await in_flight[0]
        stopping = asyncio.create_task(server.stop())
        answers = await asyncio.gather(*in_flight, return_exceptions=True)
        await stopping
    posted = [answer.json()["comment"]["id"] for answer in answers if isinstance(answer, httpx2.Response)]
    told = of_thread(await whole_log(own_site), thread.article)
    published = {event["data"]["comment"]["id"] for event in told if event["type"] == "comment.published"}
    assert set(posted) == published
    assert await findings(own_site.app) == []
