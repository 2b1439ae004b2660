"""Response cache, invalidated by events of the articles that a response depends on.

Promise 8: before each use the log is read, unless this process has committed nothing since and the last read is
within the bound. So a cached response includes every write of this process, and every write of others older than
the bound.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from datetime import datetime

import msgspec

from service.platform import clock
from service.platform.http.conditional import PublicResponse
from service.platform.metrics import READS
from service.platform.problems import Busy
from service.platform.storage.single_flight import SingleFlight
from service.reading.cache.invalidation import LogCursor

CAPACITY = 32 * 1024 * 1024
OVERHEAD = 500  # approximate bytes per response and article besides the body and the key

Article = tuple[int, str | None]  # None for the whole site


class CachedResponse(msgspec.Struct, eq=False):
    """A response, finished or in progress, and the articles it depends on."""

    response: "asyncio.Future[PublicResponse]"
    articles: tuple[Article, ...]
    size: int = 0
    is_cached: bool = True
    is_used: bool = False  # by a hot read since it was last the oldest


class ResponseCache:
    """An LRU cache of at most ``capacity`` bytes in this process."""

    def __init__(self, log: LogCursor, *, capacity: int = CAPACITY) -> None:
        self._log, self._capacity = log, capacity
        self._reading: SingleFlight[None] = SingleFlight()
        self._size = 0
        self._responses: OrderedDict[Hashable, CachedResponse] = OrderedDict()
        self._keys: defaultdict[int, defaultdict[str | None, set[Hashable]]] = defaultdict(lambda: defaultdict(set))

    async def get(
        self,
        key: Hashable,
        make: Callable[[], Awaitable[PublicResponse]],
        *,
        depends_on: Callable[[], Iterable[Article]],
    ) -> PublicResponse:
        """Return the cached response for ``key``, or call ``make``; concurrent callers share one call.

        ``depends_on`` returns the articles whose events invalidate the response. It also expires at its own ``until``.
        """
        if not self._log.is_current(clock.now()):
            await self._catch_up()
        entry = self._responses.get(key)
        if entry and not entry.response.done():
            await asyncio.wait([entry.response])
            if entry.response.cancelled():
                return await make()
        if entry is None or entry.response.result().is_expired(clock.now()):
            READS.labels("database").inc()
            return await self._make(key, make, tuple(depends_on()))
        READS.labels("cache").inc()
        if key in self._responses:
            self._responses.move_to_end(key)
        return entry.response.result()

    async def _make(
        self, key: Hashable, make: Callable[[], Awaitable[PublicResponse]], articles: tuple[Article, ...]
    ) -> PublicResponse:
        """Make and cache a response, unless one of its articles changes in the meantime."""
        self._evict(key)
        entry = self._responses[key] = CachedResponse(asyncio.get_running_loop().create_future(), articles)
        for site_id, article in articles:
            self._keys[site_id][article].add(key)
        try:
            response = await make()
        except BaseException as error:
            if isinstance(error, Busy):
                entry.response.set_exception(error)  # a retry would make the waiting callers wait twice as long
                entry.response.exception()
            else:
                entry.response.cancel()
            if self._responses.get(key) is entry:
                self._evict(key)
            raise
        entry.response.set_result(response)
        if self._responses.get(key) is entry:
            entry.size = _size(key, response, articles)
            self._size += entry.size
            self._make_room()
        return response

    def entry(self, key: Hashable) -> CachedResponse | None:
        """Return the finished response for ``key`` with its place in the cache; None if it was evicted."""
        entry = self._responses.get(key)
        is_made = entry is not None and entry.response.done() and not entry.response.cancelled()
        return entry if entry and is_made and entry.response.exception() is None else None

    def is_fresh(self, entry: CachedResponse, now: datetime) -> bool:
        """Whether ``entry`` may be sent at ``now`` as it is, without reading the log."""
        return entry.is_cached and self._log.is_current(now) and not entry.response.result().is_expired(now)

    def _make_room(self) -> None:
        """Evict the oldest responses until all fit; one with hot reads since it was last the oldest gets a new turn."""
        while self._size > self._capacity:
            key, oldest = next(iter(self._responses.items()))
            if oldest.is_used:
                oldest.is_used = False
                self._responses.move_to_end(key)
            else:
                self._evict(key)

    async def _catch_up(self) -> None:
        """Read the log. The second of two shared reads is certain to start after this call."""
        for _ in range(2):
            if not self._log.is_current(clock.now()):
                await self._reading.call("log", self._evict_changed)

    async def _evict_changed(self) -> None:
        for site_id, article in await self._log.read_next():
            keys = self._keys[site_id]
            changed = keys if article is None else (article, None)
            for key in set().union(*(keys.get(each, ()) for each in changed)):
                self._evict(key)

    def _evict(self, key: Hashable) -> None:
        entry = self._responses.pop(key, None)
        if entry is None:
            return
        entry.is_cached = False
        self._size -= entry.size
        for site_id, article in entry.articles:
            keys = self._keys[site_id][article]
            keys.discard(key)
            if not keys:
                del self._keys[site_id][article]


def _size(key: Hashable, response: PublicResponse, articles: tuple[Article, ...]) -> int:
    """The approximate bytes of a cached response. It caches its compressed body too, and clients choose the key."""
    return len(response.body) * 3 // 2 + OVERHEAD * (1 + len(articles)) + len(repr((key, articles)).encode())
