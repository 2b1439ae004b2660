"""Closing 100,000 threads by a filter, and how long posts to another thread take meanwhile.

Run it alone with ``python -m tests.bench.closing``.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Event, Thread
from time import perf_counter
from typing import Any

from service.conversation.threads.model import ThreadRow
from service.conversation.threads.register_article import new_thread
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from service.platform.storage.portable import insert_many
from tests.bench.a_service import ORIGIN, QUICK, databases, fill, serving
from tests.bench.deciding import call

MANY = 10_000 if QUICK else 100_000
PUBLISHED, BEFORE = datetime(2020, 1, 1, tzinfo=UTC), "2021-01-01T00:00:00Z"


async def prepare(url: str) -> None:
    """Add the threads to close."""
    database, name = Database(url), "An old article that nobody comments on any more"
    async with database.read() as connection:
        site = await find_site(connection, "bench")
    empty = dict.fromkeys(column.key for column in ThreadRow.__table__.columns)
    for first in range(0, MANY, 1_000):
        rows = [
            {**empty, **new_thread(site, f"old-{number}", {"title": name, "published_at": PUBLISHED}), "id": number}
            for number in range(MANY + first, MANY + first + 1_000)
        ]
        async with database.write() as connection:
            await insert_many(connection, ThreadRow, rows)
    await database.close()


def report(name: str, key: str) -> list[str]:
    """Lines with the seconds to close and to reopen the threads, and the slowest post meanwhile."""
    lines, body = [], {"published_before": BEFORE}
    for verb in ("close", "reopen"):
        answers: list[Any] = []
        alone = Poster(key).during(lambda: Event().wait(3.0))
        began = perf_counter()
        busy = Poster(key).during(partial(call_and_keep, answers, key, f"/{verb}", body))
        seconds, answer = perf_counter() - began, answers[0]
        body = {"id": answer["closure"]["id"] if verb == "close" else answer["id"]}
        lines.append(
            f"{name}, {verb} {answer['threads']:,} threads by a filter: {seconds:.1f} s; the slowest of {len(busy)} "
            f"posts meanwhile {max(busy) * 1000:.0f} ms, without it {max(alone) * 1000:.0f} ms."
        )
    return lines


def call_and_keep(answers: list[Any], key: str, path: str, body: dict[str, str]) -> None:
    """Call the service and append the answer to ``answers``."""
    answers.append(call(ORIGIN, key, path, body))


class Poster:
    """A client that posts to one open thread, one post after another."""

    def __init__(self, key: str) -> None:
        self._key, self._stop = key, Event()
        self._seconds: list[float] = []

    def during(self, work: Callable[[], object]) -> list[float]:
        """Post while ``work`` runs; return the seconds of each post."""
        thread = Thread(target=self._post)
        thread.start()
        work()
        self._stop.set()
        thread.join()
        return self._seconds

    def _post(self) -> None:
        while not self._stop.is_set():
            began = perf_counter()
            call(ORIGIN, self._key, "/threads/hot/comments", {"body": f"Words at {began}.", "author": {"name": "Ada"}})
            self._seconds.append(perf_counter() - began)


def main() -> None:
    """Measure both databases and print the lines."""
    with databases() as urls:
        for name, url in urls.items():
            key = asyncio.run(fill(url))
            asyncio.run(prepare(url))
            with serving(url):
                print(*report(name, key), sep="\n", flush=True)


if __name__ == "__main__":
    main()
