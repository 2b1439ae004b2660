"""Responses are shared and cached until an article of theirs changes, even while they are being made."""

import asyncio
from collections.abc import Iterable

import pytest

from service.platform import clock
from service.platform.http.conditional import PublicResponse
from service.reading.cache.invalidation import Changed, LogCursor
from service.reading.cache.response_cache import OVERHEAD, Article, ResponseCache

A, B = (1, "a"), (1, "b")


class DictatedLog(LogCursor):
    """A log whose news are what the test says."""

    def __init__(self) -> None:
        self.news: set[Changed] = set()

    def is_current(self) -> bool:
        return not self.news

    async def read_next(self) -> set[Changed]:
        news, self.news = self.news, set()
        return news


class Room:
    """Responses, and how often each was made."""

    def __init__(self, capacity: int = 100_000) -> None:
        self.log = DictatedLog()
        self._answers = ResponseCache(self.log, capacity=capacity)
        self.made = 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def ask(self, key: str, about: Iterable[Article] = (A,), *, fails: bool = False, size: int = 10) -> bytes:
        async def make() -> PublicResponse:
            self.made += 1
            made = self.made
            await self.may_go_on.wait()
            if fails:
                raise LookupError
            return PublicResponse([made, "x" * size], tag="t", locale="en", now=clock.now())

        answer = await self._answers.answer(key, make, about=lambda: about)
        return bytes(answer.body)


async def test_an_answer_is_kept_until_one_of_its_articles_changes() -> None:
    room = Room()
    first = await room.ask("k", [A, B])
    assert await room.ask("k", [A, B]) == first
    room.log.news = {(1, "other"), (2, "a")}
    assert await room.ask("k", [A, B]) == first
    room.log.news = {B}
    assert await room.ask("k", [A, B]) != first
    room.log.news = {(1, None)}
    await room.ask("k", [A, B])
    assert room.made == 3


async def test_an_answer_about_a_whole_site_is_kept_until_anything_happens_there() -> None:
    room = Room()
    whole, part = [(1, None)], [A]
    first, other = await room.ask("site", whole), await room.ask("article", part)
    room.log.news = {(2, "a"), (2, None)}
    assert (await room.ask("site", whole), await room.ask("article", part)) == (first, other)
    room.log.news = {B}
    assert await room.ask("site", whole) != first
    assert await room.ask("article", part) == other
    second = await room.ask("site", whole)
    room.log.news = {(1, None)}
    assert await room.ask("site", whole) != second


async def test_many_who_ask_at_once_share_one_answer() -> None:
    room = Room()
    room.may_go_on.clear()
    asked = [asyncio.create_task(room.ask("k")) for _ in range(50)]
    await asyncio.sleep(0)
    room.may_go_on.set()
    assert len(set(await asyncio.gather(*asked))) == 1
    assert room.made == 1


async def test_what_changed_while_an_answer_was_made_takes_it_from_those_who_ask_later() -> None:
    room = Room()
    room.may_go_on.clear()
    early = asyncio.create_task(room.ask("k"))
    await asyncio.sleep(0)
    room.log.news = {A}
    later = asyncio.create_task(room.ask("k"))
    await asyncio.sleep(0)
    room.may_go_on.set()
    assert await early != await later == await room.ask("k")
    assert room.made == 2


async def test_who_waits_for_an_answer_that_fails_makes_their_own_and_none_is_kept() -> None:
    room = Room()
    room.may_go_on.clear()
    failing = asyncio.create_task(room.ask("k", fails=True))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(room.ask("k")) for _ in range(2)]
    await asyncio.sleep(0)
    room.may_go_on.set()
    with pytest.raises(LookupError):
        await failing
    await asyncio.gather(*waiting)
    assert room.made == 3
    await room.ask("k")
    assert room.made == 4


async def test_who_stops_waiting_takes_nothing_from_the_others() -> None:
    room = Room()
    room.may_go_on.clear()
    first, gone, last = (asyncio.create_task(room.ask("k")) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    room.may_go_on.set()
    assert await first == await last
    assert room.made == 1


async def test_what_was_not_asked_for_longest_goes_first_when_it_is_too_much() -> None:
    room = Room(capacity=2 * (2 * OVERHEAD + 1_650))
    for key in ("old", "new", "old", "newest"):  # so “new” is the one not asked for longest
        await room.ask(key, size=1_000)
    assert room.made == 3
    await room.ask("old", size=1_000)
    assert room.made == 3
    await room.ask("new", size=1_000)
    assert room.made == 4


async def test_what_is_not_kept_takes_no_room() -> None:
    room = Room(capacity=2 * OVERHEAD + 1_650)
    for _ in range(5):
        room.may_go_on.clear()
        early = asyncio.create_task(room.ask("k", size=1_000))
        await asyncio.sleep(0)
        room.log.news = {A}
        later = asyncio.create_task(room.ask("k", size=1_000))
        await asyncio.sleep(0)
        room.may_go_on.set()
        await asyncio.gather(early, later)
    made = room.made
    await room.ask("k", size=1_000)
    assert room.made == made


async def test_an_answer_too_large_to_keep_is_given_all_the_same() -> None:
    room = Room(capacity=100)
    assert len(await room.ask("k", size=1_000)) > 1_000
    await room.ask("k")
    assert room.made == 2
