"""Concurrent reads of the same thing share one read.

*Why*: where each of a thousand waiters read for itself after the one before had failed, the last would wait a thousand
time limits. Here they all get the one result or the one error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """One call at a time for each key; who asks while it is made shares it."""

    def __init__(self) -> None:
        self._calls: dict[Hashable, asyncio.Task[T]] = {}

    async def call(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What ``make`` returns or raises, or what the call that is under way for ``key`` does."""
        task = self._calls.get(key)
        if task is None:
            task = self._calls[key] = asyncio.create_task(self._made(key, make))
            task.add_done_callback(_seen)  # also where every waiter has gone
        return await asyncio.shield(task)  # a waiter that is cancelled leaves the others theirs

    def __contains__(self, key: Hashable) -> bool:
        """Whether a call for ``key`` is under way."""
        return key in self._calls

    def forget(self, key: Hashable) -> None:
        """Have the next to ask for ``key`` begin a call of its own."""
        self._calls.pop(key, None)

    async def _made(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        task = asyncio.current_task()
        try:
            return await make()
        finally:
            if self._calls.get(key) is task:
                del self._calls[key]


def _seen(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()
