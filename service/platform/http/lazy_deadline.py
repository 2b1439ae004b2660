"""A deadline that is set anew thousands of times a second, with one timer for all of them.

*Why*: most deadlines are met long before they end. To create and cancel a timer for each took 4 of the 28 µs of a
request.
"""

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable


class Deadline:
    """Calls ``call`` when a deadline has passed that was not cleared."""

    def __init__(self, loop: AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop, self._call = loop, call
        self._at: float | None = None  # in the loop's time
        self._timer: TimerHandle | None = None  # at or before the deadline

    @property
    def is_set(self) -> bool:
        """Whether there is a deadline."""
        return self._at is not None

    def set(self, seconds: float) -> None:
        """End in so many seconds, in place of any other deadline."""
        self._at = self._loop.time() + seconds
        if self._timer and self._timer.when() > self._at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._check)

    def clear(self) -> None:
        """Have no deadline; the timer may still run."""
        self._at = None

    def cancel(self) -> None:
        """Have no deadline and no timer."""
        self._at = None
        if self._timer:
            self._timer.cancel()

    def _check(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._loop.time() < self._at:
            self._timer = self._loop.call_at(self._at, self._check)
            return
        self._call()
