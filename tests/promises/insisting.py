"""Readers, moderators and hosts who insist: what is not answered is sent again, until it is; what was is remembered."""

from collections.abc import Awaitable, Callable
from itertools import count
from random import Random

import httpx2

from tests.builders import ASite, AThread, Json
from tests.promises.cast import Cast

OUTCOMES = ("publish", "reject", "spam", "delete", "restore")


class People:
    """Each does one thing after another, by way of any server that is up.

    ``threads`` are all that were told in answers, each as of its sequence; ``posts`` the answers by key; ``decided``
    the comments that were decided, by id and revision, with their states.
    """

    def __init__(self, cast: Cast, threads: list[AThread], random: Random) -> None:
        self._cast, self._all, self._random = cast, threads, random
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

    async def _insist(
        self, thread: AThread, operation: Callable[[AThread], Awaitable[httpx2.Response]]
    ) -> httpx2.Response:
        """The answer to ``operation``, whoever gives it."""
        while True:
            client = await self._cast.client()
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
        response = await self._insist(thread, lambda door: door.post(words, below=below, key=key))
        if response.status_code < 300:
            posted = self.posts[key] = response.json()
            self._seen.append(posted["comment"])
            self.threads.append(posted["thread"])

    async def _decide(self, thread: AThread) -> None:
        chosen = self._random.sample(self._seen[-100:], min(len(self._seen), 4))
        if not chosen:
            return
        body = {
            "action": self._random.choice(OUTCOMES),
            "comments": [{"id": one["id"], "revision": one["revision"]} for one in chosen],
        }
        response = await self._insist(
            thread, lambda door: door.site.call("POST", "/decisions", by="moderator", json=body)
        )
        for one, result in zip(chosen, response.json()["results"], strict=True):
            if "problem" in result:
                one["revision"] = result["problem"].get("revision", one["revision"])
            else:
                one["revision"] = result["revision"]
                self.decided[one["id"], result["revision"]] = result["state"]

    async def _close(self, thread: AThread) -> None:
        response = await self._insist(thread, lambda door: door.close())
        self.threads.append(response.json())

    async def _reopen(self, thread: AThread) -> None:
        response = await self._insist(thread, lambda door: door.reopen())
        self.threads.append(response.json())

    async def _register(self, thread: AThread) -> None:
        body = {"title": f"Title {self._random.random()}", "mode": self._random.choice(["hold", "publish"])}
        response = await self._insist(thread, lambda door: door.site.call("PUT", door.path, by="host", json=body))
        self.threads.append(response.json())
