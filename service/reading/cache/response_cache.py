"""Responses as they were sent, cached until something happens to one of their articles.

Promise 7: before each use the log is read on, unless nothing was committed here and it was read within the bound. So
an answer never lacks what this process has written, nor what another has written longer ago than the bound.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable

import msgspec

from service.platform import clock
from service.platform.http.conditional import PublicResponse
from service.platform.metrics import READS
from service.platform.problems import Busy
from service.platform.storage.single_flight import SingleFlight
from service.reading.cache.invalidation import LogCursor

CAPACITY = 32 * 1024 * 1024
OVERHEAD = 500  # bytes that an answer takes beside its body, about

Article = tuple[int, str | None]  # None for all of a site's


class CachedResponse(msgspec.Struct, eq=False):
    """An answer, or the promise of one that is being made, and the articles that it is about."""

    answer: "asyncio.Future[PublicResponse]"
    articles: tuple[Article, ...]
    size: int = 0


class ResponseCache:
    """What a process keeps, ``capacity`` bytes at most; what was not asked for longest goes first."""

    def __init__(self, log: LogCursor, *, capacity: int = CAPACITY) -> None:
        self._log, self._capacity = log, capacity
        self._reading: SingleFlight[None] = SingleFlight()
        self._size = 0
        self._kept: OrderedDict[Hashable, CachedResponse] = OrderedDict()
        self._about: defaultdict[int, defaultdict[str | None, set[Hashable]]] = defaultdict(lambda: defaultdict(set))

    async def answer(
        self,
        key: Hashable,
        make: Callable[[], Awaitable[PublicResponse]],
        *,
        about: Callable[[], Iterable[Article]],
    ) -> PublicResponse:
        """The answer that is kept as ``key``, else that of ``make``, which many who ask at once share.

        ``about`` tells the articles without whose events it stays as it is, until its own ``until``.
        """
        if not self._log.is_current():
            await self._catch_up()
        kept = self._kept.get(key)
        if kept and not kept.answer.done():
            await asyncio.wait([kept.answer])
            if kept.answer.cancelled():
                return await make()
        if kept is None or kept.answer.result().is_over(clock.now()):
            READS.labels("database").inc()
            return await self._made(key, make, tuple(about()))
        READS.labels("cache").inc()
        if key in self._kept:
            self._kept.move_to_end(key)
        return kept.answer.result()

    async def _made(
        self, key: Hashable, make: Callable[[], Awaitable[PublicResponse]], articles: tuple[Article, ...]
    ) -> PublicResponse:
        """Make and keep an answer, unless one of its articles changed meanwhile, which takes it out of the room."""
        self._drop(key)
        kept = self._kept[key] = CachedResponse(asyncio.get_running_loop().create_future(), articles)
        for site_id, article in articles:
            self._about[site_id][article].add(key)
        try:
            answer = await make()
        except BaseException as error:
            if isinstance(error, Busy):
                kept.answer.set_exception(error)  # who waits for it would only wait as long again
                kept.answer.exception()
            else:
                kept.answer.cancel()
            if self._kept.get(key) is kept:
                self._drop(key)
            raise
        kept.answer.set_result(answer)
        if self._kept.get(key) is kept:
            kept.size = len(answer.body) * 3 // 2 + OVERHEAD * (1 + len(articles))  # compressed it is kept as well
            self._size += kept.size
            while self._size > self._capacity:
                self._drop(next(iter(self._kept)))
        return answer

    async def _catch_up(self) -> None:
        """Read the log on; of two reads the second begins after it was asked for, whatever was under way."""
        for _ in range(2):
            if not self._log.is_current():
                await self._reading.call("log", self._drop_what_changed)

    async def _drop_what_changed(self) -> None:
        for site_id, article in await self._log.read_on():
            about = self._about[site_id]
            theirs = about.values() if article is None else [about.get(article, ()), about.get(None, ())]
            for key in set().union(*theirs):
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self._size -= kept.size
        for site_id, article in kept.articles:
            keys = self._about[site_id][article]
            keys.discard(key)
            if not keys:
                del self._about[site_id][article]
