"""The counts behind the rate limits: of this process, or shared by all processes in Redis or Valkey.

Keys are fingerprints, so a count never holds an address or a name.
"""

import time
from array import array
from collections import OrderedDict
from typing import NamedTuple, Protocol

import msgspec
import structlog
from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.aio.strategies import MovingWindowRateLimiter

MAX_CLIENTS = 20_000
MAX_BUCKETS = 60
SHARED_TIMEOUT_SECONDS = 0.5
SHARED_PAUSE_SECONDS = 10.0

log = structlog.get_logger("onereply.limits")


class Hit(NamedTuple):
    """The result of one request: whether it is within the rate, how many remain, and the Unix time of the reset."""

    is_within: bool
    remaining: int
    reset_at: float


class RequestCounts(Protocol):
    """RequestCounts requests of clients in moving windows."""

    async def hit(self, rate: RateLimitItem, client: str) -> Hit:
        """Count a request of ``client`` unless it exceeds ``rate``."""

    async def clear(self, rate: RateLimitItem, client: str) -> None:
        """Delete the count of ``client``."""


class Window(msgspec.Struct, gc=False):
    """The requests of one client in the last ``seconds``, as buckets: when each began, and its number of requests.

    A rate of up to :data:`MAX_BUCKETS` has a bucket for each request. A higher rate has buckets of a 60th of the
    window, so the size of a window is bounded.
    """

    seconds: int
    starts: "array[float]"
    numbers: "array[int]"

    def add(self, rate: RateLimitItem, now: float) -> Hit:
        """Add a request at ``now`` unless ``rate`` is exceeded."""
        while self.starts and self.starts[0] <= now - self.seconds:
            del self.starts[0], self.numbers[0]
        count = sum(self.numbers)
        if is_within := count < rate.amount:
            count += 1
            if rate.amount > MAX_BUCKETS and self.starts and now - self.starts[-1] < self.seconds / MAX_BUCKETS:
                self.numbers[-1] += 1
            else:
                self.starts.append(now)
                self.numbers.append(1)
        return Hit(is_within, rate.amount - count, self.starts[0] + self.seconds)


class MemoryCounts:
    """The counts of this process: of the last ``max_clients`` clients, each until its window has passed."""

    def __init__(self, max_clients: int = MAX_CLIENTS) -> None:
        self._max_clients = max_clients
        self._windows: OrderedDict[tuple[str, str], Window] = OrderedDict()  # the last one used is at the end

    def __len__(self) -> int:
        """The number of clients that have a count."""
        return len(self._windows)

    async def hit(self, rate: RateLimitItem, client: str) -> Hit:
        """Count a request of ``client`` unless it exceeds ``rate``."""
        return self.hit_now(rate, client)

    def has_room(self, rate: RateLimitItem, client: str) -> bool:
        """Whether one more request of ``client`` is certain to be within ``rate``."""
        window = self._windows.get((client, str(rate)))
        return window is None or sum(window.numbers) < rate.amount

    def hit_now(self, rate: RateLimitItem, client: str) -> Hit:
        """Do the same without waiting."""
        now, key = time.time(), (client, str(rate))
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window(rate.get_expiry(), array("d"), array("I"))
        self._windows.move_to_end(key)
        hit = window.add(rate, now)
        self._evict(now)
        return hit

    async def clear(self, rate: RateLimitItem, client: str) -> None:
        """Delete the count of ``client``."""
        self._windows.pop((client, str(rate)), None)

    def _evict(self, now: float) -> None:
        """Evict from the clients that were quiet longest those whose window has passed, and those over the bound."""
        while self._windows:
            oldest = next(iter(self._windows.values()))
            if len(self._windows) <= self._max_clients and oldest.starts[-1] > now - oldest.seconds:
                return
            self._windows.popitem(last=False)


def shared_storage(url: str) -> RedisStorage:
    """The Redis or Valkey server at ``url``; nothing is sent before the first count."""
    return RedisStorage(
        f"async+{url.replace('valkey', 'redis', 1)}",  # both speak one protocol
        implementation="redispy",
        key_prefix="onereply",
        socket_timeout=SHARED_TIMEOUT_SECONDS,
        socket_connect_timeout=SHARED_TIMEOUT_SECONDS,
    )


async def close_storage(storage: RedisStorage) -> None:
    """Close the connections of ``storage``."""
    assert isinstance(storage.bridge, RedispyBridge)
    await storage.bridge.get_connection().aclose()  # type: ignore[attr-defined]  # only redis-py's has it


class SharedCounts:
    """The counts of all processes, in ``storage``; while it fails, the counts ``otherwise``.

    After a failure the server is not asked for :data:`SHARED_PAUSE_SECONDS`, so requests do not wait for it.
    """

    def __init__(self, storage: RedisStorage, *, otherwise: RequestCounts) -> None:
        self._storage, self._otherwise = storage, otherwise
        self._limiter = MovingWindowRateLimiter(storage)
        self._paused_until = 0.0

    async def hit(self, rate: RateLimitItem, client: str) -> Hit:
        """Count a request of ``client`` unless it exceeds ``rate``."""
        if time.monotonic() >= self._paused_until:
            try:
                is_within = await self._limiter.hit(rate, client)
                reset_at, remaining = await self._limiter.get_window_stats(rate, client)
                return Hit(is_within, remaining, reset_at)
            except self._failures as error:
                self._pause(error)
        return await self._otherwise.hit(rate, client)

    async def clear(self, rate: RateLimitItem, client: str) -> None:
        """Delete the count of ``client``."""
        await self._otherwise.clear(rate, client)
        if time.monotonic() >= self._paused_until:
            try:
                await self._limiter.clear(rate, client)
            except self._failures as error:
                self._pause(error)

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        known = self._storage.base_exceptions
        return (*(known if isinstance(known, tuple) else (known,)), OSError, TimeoutError)

    def _pause(self, error: Exception) -> None:
        self._paused_until = time.monotonic() + SHARED_PAUSE_SECONDS
        log.warning("limits-unavailable", reason=type(error).__name__, hint="Each process counts alone meanwhile.")
