"""Concurrent callers for the same key share one result or one error."""

import asyncio

import pytest

from service.platform.storage.single_flight import SingleFlight


async def test_a_thousand_waiters_share_one_failure() -> None:
    flight: SingleFlight[int] = SingleFlight()
    calls, release = [], asyncio.Event()

    async def make() -> int:
        calls.append(1)
        await release.wait()
        raise ConnectionError

    waiting = [asyncio.create_task(flight.call("key", make)) for _ in range(1000)]
    await asyncio.sleep(0)
    release.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert len(calls) == 1
    assert {type(result) for result in results} == {ConnectionError}
    assert "key" not in flight


async def test_a_cancelled_waiter_does_not_affect_the_others() -> None:
    flight: SingleFlight[int] = SingleFlight()
    release = asyncio.Event()

    async def make() -> int:
        await release.wait()
        return 7

    gone, stays = [asyncio.create_task(flight.call("key", make)) for _ in range(2)]
    await asyncio.sleep(0)
    gone.cancel()
    release.set()
    assert await stays == 7


async def test_after_detach_a_new_call_is_made() -> None:
    flight: SingleFlight[int] = SingleFlight()
    numbers = iter(range(2))
    releases = [asyncio.Event(), asyncio.Event()]

    async def make() -> int:
        number = next(numbers)
        await releases[number].wait()
        return number

    old = asyncio.create_task(flight.call("key", make))
    await asyncio.sleep(0)
    flight.detach("key")
    new = asyncio.create_task(flight.call("key", make))
    await asyncio.sleep(0)
    releases[1].set()
    assert await new == 1
    releases[0].set()
    assert await old == 0


async def test_after_an_error_a_new_call_is_made() -> None:
    flight: SingleFlight[int] = SingleFlight()

    async def fails() -> int:
        raise ConnectionError

    async def works() -> int:
        return 1

    with pytest.raises(ConnectionError):
        await flight.call("key", fails)
    assert await flight.call("key", works) == 1
