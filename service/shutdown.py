"""The time limit of a shutdown: from SIGTERM on, the process ends within so many seconds, whatever hangs.

The orderly way normally wins: requests in flight and deliveries under way get the larger share of the time, and
`closing_seconds` stay for writing down what is left and closing the database. At the limit a thread ends the process;
a thread, because an event loop that hangs runs nothing any more.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog

LONGEST_CLOSE = 5.0
LOG_SECONDS = 0.1  # a log that nobody reads blocks, and must not delay the end

log = structlog.get_logger("onereply.shutdown")
_deadline: float | None = None  # monotonic


def closing_seconds(limit: float) -> float:
    """The share of ``limit`` seconds that is kept for closing, once requests and deliveries have had theirs."""
    return min(LONGEST_CLOSE, limit / 3)


def seconds_to_finish(limit: float) -> float:
    """Seconds that work in flight may still take; before a shutdown has begun, as if it began now."""
    left = limit if _deadline is None else _deadline - time.monotonic()
    return max(0.0, left - closing_seconds(limit))


def exit_within(seconds: float, *, at_limit: Callable[[], None] | None = None) -> None:
    """End this process within ``seconds``, by force if it has not ended by then; the first call counts.

    ``at_limit`` is called before a forced end, in another thread. The exit code of a forced end is 1.
    """
    global _deadline  # noqa: PLW0603  # a process ends once
    if _deadline is not None:
        return
    _deadline = time.monotonic() + seconds
    timer = threading.Timer(seconds - LOG_SECONDS, _force_exit, (seconds, at_limit))
    timer.daemon = True
    timer.start()


def limit_shutdown(seconds: float, *, at_limit: Callable[[], None] | None = None) -> None:
    """From SIGTERM or SIGINT on, end this process within ``seconds``; the handlers set before are called as ever."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _LimitedHandler(signal.getsignal(number), seconds, at_limit))


class _LimitedHandler:
    """A signal handler that starts the limit and then does what ``handler`` does."""

    def __init__(self, handler: object, seconds: float, at_limit: Callable[[], None] | None) -> None:
        self._handler, self._seconds, self._at_limit = handler, seconds, at_limit
        # Where Uvicorn's handler has its server: sse-starlette looks for it there, to end streams as it stops.
        self.__self__ = getattr(handler, "__self__", None)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        exit_within(self._seconds, at_limit=self._at_limit)
        if callable(self._handler):
            self._handler(number, frame)


def _force_exit(seconds: float, at_limit: Callable[[], None] | None) -> None:
    logging = threading.Thread(target=_log_forced, args=(seconds,), daemon=True)
    logging.start()
    logging.join(LOG_SECONDS)
    if at_limit:
        at_limit()
    os._exit(1)


def _log_forced(seconds: float) -> None:
    log.error("shutdown-forced", pid=os.getpid(), limit_seconds=seconds)
