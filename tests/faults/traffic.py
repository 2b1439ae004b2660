"""Clients that constantly post, read and call ``/readyz``, and record each answer and its duration."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from time import monotonic
from typing import Literal

import httpx2

from tests.builders import AThread
from tests.promises.service_process import Server

Kind = Literal["post", "page", "readyz"]
WRITERS = 4
PAUSE_SECONDS = 0.05
READYZ = ""  # the article of requests for /readyz


@dataclass(frozen=True)
class Answer:
    """A request: its start (monotonic), its duration in seconds, and its status; None without an answer."""

    kind: Kind
    article: str
    began: float
    seconds: float
    status: int | None

    @property
    def accepted(self) -> bool:
        """Whether it is an acknowledged comment."""
        return self.kind == "post" and self.status in {200, 201, 202}


class Traffic:
    """``answers`` are all answers, ``acknowledged`` the texts of accepted comments.

    A client that gets no 2xx retries the post with the same key, as hosts and browsers do.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.acknowledged: set[str] = set()
        self._stops = False

    @classmethod
    @asynccontextmanager
    async def to(cls, server: Server, threads: Sequence[AThread]) -> "AsyncIterator[Traffic]":
        """Traffic to ``threads`` during the block; at its end each client waits for its last answer."""
        traffic = cls()
        async with server.client() as client, asyncio.TaskGroup() as group:
            through = [AThread(replace(thread.site, client=client), thread.article) for thread in threads]
            for writer in range(WRITERS):
                group.create_task(traffic._write(through, writer))
            group.create_task(traffic._read(through[0]))
            group.create_task(traffic._ask_whether_ready(client))
            try:
                yield traffic
            finally:
                traffic._stops = True

    async def _write(self, threads: Sequence[AThread], writer: int) -> None:
        for number in count(writer):
            thread, key = threads[number % len(threads)], f"writer-{writer}-post-{number}"
            words = f"Sent under {key}."
            while not (await self._record("post", thread.article, thread.post(words, key=key))).accepted:
                if self._stops:
                    return
            self.acknowledged.add(words)
            if self._stops:
                return

    async def _read(self, thread: AThread) -> None:
        while not self._stops:
            await self._record("page", thread.article, thread.site.call("GET", f"{thread.path}/comments"))

    async def _ask_whether_ready(self, client: httpx2.AsyncClient) -> None:
        while not self._stops:
            await self._record("readyz", READYZ, client.get("/readyz"))

    async def _record(self, kind: Kind, article: str, request: Awaitable[httpx2.Response]) -> Answer:
        began, status = monotonic(), None
        with suppress(httpx2.TransportError):
            status = (await request).status_code
        answer = Answer(kind, article, began, monotonic() - began, status)
        self.answers.append(answer)
        await asyncio.sleep(PAUSE_SECONDS)
        return answer

    async def until_recovered(self, threads: Sequence[AThread], *, since: float, seconds: float) -> float | None:
        """The seconds from ``since`` until each thread has accepted a post sent later, and ``/readyz`` says 200.

        None if that has not happened within ``seconds``.
        """
        wanted = {READYZ, *(thread.article for thread in threads)}
        while monotonic() < since + seconds:
            ends = {
                answer.article: answer.began + answer.seconds
                for answer in reversed(self.answers)
                if answer.began >= since and (answer.accepted or (answer.kind == "readyz" and answer.status == 200))
            }
            if ends.keys() >= wanted:
                return max(ends.values()) - since
            await asyncio.sleep(PAUSE_SECONDS)
        return None
