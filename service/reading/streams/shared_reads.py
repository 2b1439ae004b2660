"""Shared reads: concurrent identical queries run once.

*Why*: after a restart all clients reconnect at the same time. For 2,000 readers of one article the same two queries
serve all. Queries for different articles queue here, so most read connections stay free for other requests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.storage.engine import Database

MAX_CONCURRENT_READS = 2
T = TypeVar("T")
Read = Callable[[AsyncConnection], Awaitable[T]]


class SharedReads:
    """The database reads of a process's streams, :data:`MAX_CONCURRENT_READS` at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._semaphore = asyncio.Semaphore(MAX_CONCURRENT_READS)
        self._waiting: dict[Hashable, asyncio.Task[Any]] = {}
        self._unfinished: set[asyncio.Task[Any]] = set()

    async def shared(self, key: Hashable, read: Read[T]) -> T:
        """Run ``read``, shared by all callers with this ``key``; it starts after each of them called."""
        task = self._waiting.get(key)
        if task is None:
            task = self._waiting[key] = asyncio.create_task(self._read(key, read))
            self._unfinished.add(task)
            task.add_done_callback(self._unfinished.discard)
        found: T = await asyncio.shield(task)  # a cancelled caller must not cancel the read for the others
        return found

    async def finish(self) -> None:
        """Wait for running reads, including those that nobody waits for any more."""
        await asyncio.gather(*self._unfinished, return_exceptions=True)

    async def _read(self, key: Hashable, read: Read[T]) -> T:
        async with self._semaphore:
            del self._waiting[key]
            async with self._database.read() as connection:
                return await read(connection)
