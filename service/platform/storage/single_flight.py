"""Concurrent reads of the same thing share one read.

*Why*: if a thousand waiters read one after another from a failing database, the last would wait for a thousand
timeouts. Here they all get the same result or the same error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs one call at a time per key; concurrent callers share it."""

    def __init__(self) -> None:
        self._calls: dict[Hashable, asyncio.Task[T]] = {}

    async def call(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return or raise the result of ``make``, or that of the call in progress for ``key``."""
        task = self._calls.get(key)
        if task is None:
            task = self._calls[key] = asyncio.create_task(self._run(key, make))
            task.add_done_callback(_retrieve_error)  # retrieves the error even if every waiter is gone
        return await asyncio.shield(task)  # cancelling one waiter does not cancel the call

    def __contains__(self, key: Hashable) -> bool:
        """Whether a call for ``key`` is in progress."""
        return key in self._calls

    def detach(self, key: Hashable) -> None:
        """Make the next caller for ``key`` start its own call."""
        self._calls.pop(key, None)

    async def _run(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        task = asyncio.current_task()
        try:
            return await make()
        finally:
            if self._calls.get(key) is task:
                del self._calls[key]


def _retrieve_error(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()
