"""Promises 1, 4 and 5 with two processes that write the same threads concurrently: no request fails."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from random import Random

import httpx2
import pytest

from tests.builders import ASite, AThread, Json, a_thread
from tests.promises.checks import check_count, of_thread, verify_errors, whole_log
from tests.promises.service_process import Server

THREADS = 20


class Crowd:
    """Readers, moderators and hosts; each makes one request after another to any process."""

    def __init__(self, routes: list[list[AThread]], random: Random) -> None:
        self._routes, self._random = routes, random
        self.seen: list[Json] = []
        self.answers: Counter[int] = Counter()

    async def do(self, operations: int) -> None:
        for _ in range(operations):
            operation = self._random.choices(
                [self._post, self._decide, self._close, self._reopen, self._register], [12, 5, 1, 2, 1]
            )[0]
            response = await operation(self._random.choice(self._random.choice(self._routes)))
            self.answers[response.status_code] += 1
            assert response.status_code in {200, 201, 202, 409}, response.text

    async def _post(self, thread: AThread) -> httpx2.Response:
        below = self._random.choice(self.seen[-50:])["id"] if self.seen and self._random.random() < 0.3 else None
        response = await thread.post(f"Words {self._random.random()}.", below=below)
        if response.status_code < 300:
            self.seen.append(response.json()["comment"])
        return response

    async def _decide(self, thread: AThread) -> httpx2.Response:
        chosen = self._random.sample(self.seen, min(len(self.seen), 8))
        if not chosen:
            return await self._post(thread)
        action = self._random.choice(["publish", "reject", "spam", "restore"])
        body = {"action": action, "comments": [{"id": one["id"], "revision": one["revision"]} for one in chosen]}
        response = await thread.site.call("POST", "/decisions", by="moderator", json=body)
        assert response.status_code == 200, response.text
        for one, result in zip(chosen, response.json()["results"], strict=True):
            one["revision"] = result.get("revision") or result["problem"].get("revision", one["revision"])
        return response

    async def _close(self, thread: AThread) -> httpx2.Response:
        return await thread.close()

    async def _reopen(self, thread: AThread) -> httpx2.Response:
        return await thread.reopen()

    async def _register(self, thread: AThread) -> httpx2.Response:
        body = {"title": f"Title {self._random.random()}", "mode": self._random.choice(["hold", "publish"])}
        return await thread.site.call("PUT", thread.path, by="host", json=body)


async def run_crowd(site: ASite, servers: tuple[Server, Server], *, clients: int, operations: int, seed: int) -> None:
    threads = [await a_thread(site) for _ in range(THREADS)]
    async with AsyncExitStack() as stack:
        routes = [[await stack.enter_async_context(server.thread(thread)) for thread in threads] for server in servers]
        random = Random(seed)  # noqa: S311  # reproducible load
        crowd = Crowd(routes, random)
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(crowd.do(operations))
    assert crowd.answers[201] > clients * operations / 8
    log = await whole_log(site)
    for thread in threads:
        events = of_thread(log, thread.article)
        states = {
            event["data"]["comment"]["id"]: event["data"]["comment"]["state"]
            for event in events
            if "comment" in event["data"]
        }
        await check_count(thread, {id_ for id_, state in states.items() if state == "published"}, by="host")
        assert await thread.read(by="host") == events[-1]["data"]["thread"]
    assert await verify_errors(site.app) == []
    assert [server.complaints() for server in servers] == [[], []]


async def test_two_processes_write_twenty_threads_in_any_order(
    shared_site: ASite, servers: tuple[Server, Server]
) -> None:
    await run_crowd(shared_site, servers, clients=12, operations=15, seed=1)


@pytest.mark.slow
async def test_two_processes_write_twenty_threads_for_longer(
    shared_site: ASite, servers: tuple[Server, Server]
) -> None:
    await run_crowd(shared_site, servers, clients=48, operations=80, seed=2)


async def test_the_same_post_sent_to_both_processes_is_one_comment(
    shared_site: ASite, servers: tuple[Server, Server]
) -> None:
    thread = await a_thread(shared_site)
    async with AsyncExitStack() as stack:
        routes = [await stack.enter_async_context(server.thread(thread)) for server in servers]
        twins = [
            route.post(f"Twin {number}", key=f"a-key-of-twins-{number:04}")
            for number in range(12)
            for route in routes * 2
        ]
        answers = await asyncio.gather(*twins)
    assert {answer.status_code for answer in answers} == {201}
    posted = [answer.json() for answer in answers]
    for number in range(12):
        same = posted[4 * number : 4 * number + 4]
        assert len({each["comment"]["id"] for each in same}) == 1
        assert len({each["author_token"] for each in same}) == 1
    await check_count(thread, {each["comment"]["id"] for each in posted}, by="host")
    assert len(await whole_log(shared_site)) == 13
    assert await verify_errors(shared_site.app) == []


async def test_an_article_registered_on_both_processes_at_once_has_one_thread(
    shared_site: ASite, servers: tuple[Server, Server]
) -> None:
    async with AsyncExitStack() as stack:
        routes = [await stack.enter_async_context(server.thread(AThread(shared_site, "a1"))) for server in servers]
        puts = [route.site.call("PUT", route.path, by="host", json={"title": "The same"}) for route in routes * 8]
        statuses = [answer.status_code for answer in await asyncio.gather(*puts)]
    assert sorted(statuses) == [200] * 15 + [201]
    assert [event["type"] for event in await whole_log(shared_site)] == ["thread.created"]
