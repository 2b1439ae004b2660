"""Clients that repeat each request until it is answered, and record the answers."""

from collections.abc import Awaitable, Callable
from itertools import count
from random import Random

import httpx2

from tests.builders import ASite, AThread, Json
from tests.promises.chaos_processes import ChaosProcesses

ACTIONS = ("publish", "reject", "spam", "delete", "restore")


class PersistentClients:
    """Readers, moderators and hosts; each makes one request after another to any server that is up.

    ``threads`` are all threads from responses, each at its sequence. ``posts`` are the responses by key.
    ``decided`` has the states of decided comments, by id and revision.
    """

    def __init__(self, processes: ChaosProcesses, threads: list[AThread], random: Random) -> None:
        self._processes, self._all, self._random = processes, threads, random
        self._keys = (f"a-key-of-its-own-{number}" for number in count())
        self._seen: list[Json] = []
        self.threads: list[Json] = []
        self.posts: dict[str, Json] = {}
        self.decided: dict[tuple[str, int], str] = {}

    async def do(self, operations: int) -> None:
        for _ in range(operations):
            operation = self._random.choices(
                [self._post, self._decide, self._close, self._reopen, self._register], [12, 8, 1, 2, 1]
            )[0]
            await operation(self._random.choice(self._all))

    async def _retry(
        self, thread: AThread, operation: Callable[[AThread], Awaitable[httpx2.Response]]
    ) -> httpx2.Response:
        """Repeat ``operation`` on any server until one answers; return the response."""
        while True:
            client = await self._processes.client()
            site = thread.site
            try:
                response = await operation(AThread(ASite(site.app, site.slug, site.keys, client), thread.article))
            except httpx2.TransportError:
                continue
            if response.status_code == 503:
                continue
            assert response.status_code in {200, 201, 202, 409}, response.text
            return response

    async def _post(self, thread: AThread) -> None:
        below = self._random.choice(self._seen[-50:])["id"] if self._seen and self._random.random() < 0.3 else None
        key, words = next(self._keys), f"Words {self._random.random()}."
        response = await self._retry(thread, lambda thread: thread.post(words, below=below, key=key))
        if response.status_code < 300:
            posted = self.posts[key] = response.json()
            self._seen.append(posted["comment"])
            self.threads.append(posted["thread"])

    async def _decide(self, thread: AThread) -> None:
        chosen = self._random.sample(self._seen[-100:], min(len(self._seen), 4))
        if not chosen:
            return
        body = {
            "action": self._random.choice(ACTIONS),
            "comments": [{"id": comment["id"], "revision": comment["revision"]} for comment in chosen],
        }
        response = await self._retry(
            thread, lambda thread: thread.site.call("POST", "/decisions", by="moderator", json=body)
        )
        for comment, result in zip(chosen, response.json()["results"], strict=True):
            if "problem" in result:
                comment["revision"] = result["problem"].get("revision", comment["revision"])
            else:
                comment["revision"] = result["revision"]
                self.decided[comment["id"], result["revision"]] = result["state"]

    async def _close(self, thread: AThread) -> None:
        response = await self._retry(thread, lambda thread: thread.close())
        self.threads.append(response.json())

    async def _reopen(self, thread: AThread) -> None:
        response = await self._retry(thread, lambda thread: thread.reopen())
        self.threads.append(response.json())

    async def _register(self, thread: AThread) -> None:
        body = {"title": f"Title {self._random.random()}", "mode": self._random.choice(["hold", "publish"])}
        response = await self._retry(thread, lambda thread: thread.site.call("PUT", thread.path, by="host", json=body))
        self.threads.append(response.json())
