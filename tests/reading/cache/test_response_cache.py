"""Responses are shared and cached until one of their articles changes, also while they are being made."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

import pytest

from service.platform import clock
from service.platform.http.conditional import PublicResponse
from service.reading.cache.invalidation import Changed, LogCursor
from service.reading.cache.response_cache import OVERHEAD, Article, ResponseCache
from tests.memory import content_of

A, B = (1, "a"), (1, "b")


class FakeLog(LogCursor):
    """A log with the changes that a test sets."""

    def __init__(self) -> None:
        self.changes: set[Changed] = set()

    def is_current(self, _now: datetime) -> bool:
        return not self.changes

    async def read_next(self) -> set[Changed]:
        changes, self.changes = self.changes, set()
        return changes


class CacheClient:
    """Requests cached responses, and counts how many were made."""

    def __init__(self, capacity: int = 100_000) -> None:
        self.log = FakeLog()
        self._responses = ResponseCache(self.log, capacity=capacity)
        self.made = 0
        self.may_finish = asyncio.Event()
        self.may_finish.set()

    async def request(
        self, key: str, articles: Iterable[Article] = (A,), *, fails: bool = False, size: int = 10
    ) -> bytes:
        async def make() -> PublicResponse:
            self.made += 1
            made = self.made
            await self.may_finish.wait()
            if fails:
                raise LookupError
            return PublicResponse([made, "x" * size], tag="t", locale="en", now=clock.now())

        response = await self._responses.get(key, make, depends_on=lambda: articles)
        return bytes(response.body)


async def test_a_response_is_cached_until_one_of_its_articles_changes() -> None:
    client = CacheClient()
    first = await client.request("k", [A, B])
    assert await client.request("k", [A, B]) == first
    client.log.changes = {(1, "other"), (2, "a")}
    assert await client.request("k", [A, B]) == first
    client.log.changes = {B}
    assert await client.request("k", [A, B]) != first
    client.log.changes = {(1, None)}
    await client.request("k", [A, B])
    assert client.made == 3


async def test_a_response_for_a_whole_site_is_cached_until_the_next_event_of_the_site() -> None:
    client = CacheClient()
    whole, part = [(1, None)], [A]
    first, other = await client.request("site", whole), await client.request("article", part)
    client.log.changes = {(2, "a"), (2, None)}
    assert (await client.request("site", whole), await client.request("article", part)) == (first, other)
    client.log.changes = {B}
    assert await client.request("site", whole) != first
    assert await client.request("article", part) == other
    second = await client.request("site", whole)
    client.log.changes = {(1, None)}
    assert await client.request("site", whole) != second


async def test_concurrent_requests_share_one_response() -> None:
    client = CacheClient()
    client.may_finish.clear()
    requests = [asyncio.create_task(client.request("k")) for _ in range(50)]
    await asyncio.sleep(0)
    client.may_finish.set()
    assert len(set(await asyncio.gather(*requests))) == 1
    assert client.made == 1


async def test_a_change_while_a_response_is_made_invalidates_it_for_later_requests() -> None:
    client = CacheClient()
    client.may_finish.clear()
    early = asyncio.create_task(client.request("k"))
    await asyncio.sleep(0)
    client.log.changes = {A}
    later = asyncio.create_task(client.request("k"))
    await asyncio.sleep(0)
    client.may_finish.set()
    assert await early != await later == await client.request("k")
    assert client.made == 2


async def test_a_request_that_waits_for_a_failing_one_makes_its_own_and_the_failure_is_not_cached() -> None:
    client = CacheClient()
    client.may_finish.clear()
    failing = asyncio.create_task(client.request("k", fails=True))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(client.request("k")) for _ in range(2)]
    await asyncio.sleep(0)
    client.may_finish.set()
    with pytest.raises(LookupError):
        await failing
    await asyncio.gather(*waiting)
    assert client.made == 3
    await client.request("k")
    assert client.made == 4


async def test_a_cancelled_request_does_not_cancel_the_others() -> None:
    client = CacheClient()
    client.may_finish.clear()
    first, gone, last = (asyncio.create_task(client.request("k")) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    client.may_finish.set()
    assert await first == await last
    assert client.made == 1


async def test_a_full_cache_evicts_the_least_recently_used_response() -> None:
    client = CacheClient(capacity=2 * (2 * OVERHEAD + 1_700))
    for key in ("old", "new", "old", "newest"):  # so “new” is the one not requests for longest
        await client.request(key, size=1_000)
    assert client.made == 3
    await client.request("old", size=1_000)
    assert client.made == 3
    await client.request("new", size=1_000)
    assert client.made == 4


async def test_invalidated_responses_do_not_count_towards_the_capacity() -> None:
    client = CacheClient(capacity=2 * OVERHEAD + 1_700)
    for _ in range(5):
        client.may_finish.clear()
        early = asyncio.create_task(client.request("k", size=1_000))
        await asyncio.sleep(0)
        client.log.changes = {A}
        later = asyncio.create_task(client.request("k", size=1_000))
        await asyncio.sleep(0)
        client.may_finish.set()
        await asyncio.gather(early, later)
    made = client.made
    await client.request("k", size=1_000)
    assert client.made == made


async def test_a_response_larger_than_the_cache_is_returned_uncached() -> None:
    client = CacheClient(capacity=100)
    assert len(await client.request("k", size=1_000)) > 1_000
    await client.request("k")
    assert client.made == 2


async def test_long_keys_and_ids_count_towards_the_capacity() -> None:
    client = CacheClient(capacity=100_000)
    keys = [f"{number}{'?' * 8_000}" for number in range(100)]
    for key in keys:
        await client.request(key, [(1, "a" * 500)])
    cache = client._responses
    responses = [each.response.result() for each in cache._responses.values()]  # futures hold the whole loop
    assert len(content_of([[*cache._responses], cache._keys, responses])) < 3 * 100_000
    made = client.made
    await client.request(keys[-1])
    assert client.made == made
