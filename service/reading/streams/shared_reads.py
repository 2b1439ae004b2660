"""What many ask at once is read once.

*Why*: when a process comes back, everybody who listened to it comes back too. Two thousand who look at one article ask
the same two questions; and those who look at different ones wait here for each other, so that of the connections for
reading most are left to everybody else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.storage.engine import Database

AT_ONCE = 2
T = TypeVar("T")
Read = Callable[[AsyncConnection], Awaitable[T]]


class SharedReads:
    """The reads of a process's streams, :data:`AT_ONCE` at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting: dict[Hashable, asyncio.Task[Any]] = {}
        self._unfinished: set[asyncio.Task[Any]] = set()

    async def shared(self, key: Hashable, read: Read[T]) -> T:
        """What ``read`` finds, with all who ask by the same ``key``; it begins after each of them has asked."""
        task = self._waiting.get(key)
        if task is None:
            task = self._waiting[key] = asyncio.create_task(self._read(key, read))
            self._unfinished.add(task)
            task.add_done_callback(self._unfinished.discard)
        found: T = await asyncio.shield(task)  # one who goes away leaves the others theirs
        return found

    async def finish(self) -> None:
        """Wait for what is being read, also where nobody waits for it any more."""
        await asyncio.gather(*self._unfinished, return_exceptions=True)

    async def _read(self, key: Hashable, read: Read[T]) -> T:
        async with self._turns:
            del self._waiting[key]
            async with self._database.read() as connection:
                return await read(connection)
