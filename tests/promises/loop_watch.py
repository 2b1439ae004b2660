"""Measure how long a request holds the event loop, the writer and Python's lock, in CPU time.

CPU time does not depend on the load of the machine, only on its speed. :func:`machine_factor` compares that speed with
the machine on which the limits were chosen.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.storage.writer import Writer

REFERENCE_SECONDS = 0.0190  # of :func:`_fixed_work`, where the limits were chosen


class Held(msgspec.Struct):
    """The longest times, in milliseconds of CPU.

    ``loop`` is one step of the event loop. ``writer`` is one write transaction, in all threads. ``thread`` is one call
    in another thread that lets no other thread run.
    """

    loop: float = 0
    writer: float = 0
    thread: float = 0

    def add(self, kind: str, seconds: float) -> None:
        """Note ``seconds`` of CPU."""
        setattr(self, kind, max(getattr(self, kind), seconds * 1000))


class LoopWatch:
    """Measures from :meth:`reset` on; :attr:`held` is the result."""

    def __init__(self) -> None:
        self.held = Held()
        self._at = threading.local()

    def reset(self) -> None:
        """Start again from zero."""
        self.held = Held()

    def step(self, run: Callable[[asyncio.Handle], None]) -> Callable[[asyncio.Handle], None]:
        """Measure each step of the loop, which ``run`` runs."""

        def measured(handle: asyncio.Handle) -> None:
            began = time.thread_time()
            run(handle)
            self.held.add("loop", time.thread_time() - began)

        return measured

    def transaction(self, open_transaction: Callable[..., Any]) -> Callable[..., Any]:
        """Measure each write transaction that ``open_transaction`` opens, in all threads."""

        @asynccontextmanager
        async def measured(writer: Writer, until: float | None) -> AsyncIterator[AsyncConnection]:
            began = None
            try:
                async with open_transaction(writer, until) as connection:
                    began = time.process_time()
                    yield connection
            finally:
                if began is not None:
                    self.held.add("writer", time.process_time() - began)

        return measured

    def call(self, _frame: FrameType, _event: str, _argument: object) -> None:
        """Measure the CPU time since the last call or return in this thread: no other thread can run in between."""
        if (before := getattr(self._at, "time", None)) is not None:
            self.held.add("thread", time.thread_time() - before)
        self._at.time = time.thread_time()


@contextmanager
def watching() -> Iterator[LoopWatch]:
    """Measure during the block; threads are measured if they start in it."""
    watch = LoopWatch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", watch.step(asyncio.Handle._run))
        patch.setattr(Writer, "transaction", watch.transaction(Writer.transaction))
        threading.setprofile(watch.call)
        try:
            yield watch
        finally:
            threading.setprofile(None)


def machine_factor() -> float:
    """How many times slower this machine is than the one on which the limits were chosen; at least 1."""
    return max(1.0, min(_fixed_work() for _ in range(3)) / REFERENCE_SECONDS)


def _fixed_work() -> float:
    """The CPU seconds of a fixed mix of what handlers do: decode and encode JSON, and plain Python."""
    began = time.thread_time()
    rows = [{"id": number, "html": "<p>“Yes”</p>" * 20} for number in range(2_000)]
    for _ in range(5):
        rows = msgspec.json.decode(msgspec.json.encode(rows))
    sum(len(str(number)) for number in range(50_000))
    return time.thread_time() - began
