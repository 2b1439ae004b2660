"""The shutdown timeout: after SIGTERM, the process ends within the limit, even if something hangs.

Usually it ends by itself: requests and deliveries in flight get most of the time, and `closing_seconds` are reserved
for final writes and for closing the database. At the limit, a thread ends the process, because a hanging event loop
runs nothing.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog

MAX_CLOSING_SECONDS = 5.0
LOG_SECONDS = 0.1  # writing to a blocked log must not delay the exit

log = structlog.get_logger("onereply.shutdown")
_deadline: float | None = None  # in time.monotonic()


def closing_seconds(limit: float) -> float:
    """The part of ``limit`` seconds reserved for closing, after requests and deliveries."""
    return min(MAX_CLOSING_SECONDS, limit / 3)


def seconds_to_finish(limit: float) -> float:
    """Seconds left for work in flight; before a shutdown, those that it would have."""
    left = limit if _deadline is None else _deadline - time.monotonic()
    return max(0.0, left - closing_seconds(limit))


def exit_within(seconds: float, *, at_limit: Callable[[], None] | None = None) -> None:
    """End this process within ``seconds``, by force if necessary. Only the first call counts.

    Before a forced exit, another thread calls ``at_limit``. The exit code of a forced exit is 1.
    """
    global _deadline  # noqa: PLW0603  # a process ends once
    if _deadline is not None:
        return
    _deadline = time.monotonic() + seconds
    timer = threading.Timer(seconds - LOG_SECONDS, _force_exit, (seconds, at_limit))
    timer.daemon = True
    timer.start()


def limit_shutdown(seconds: float, *, at_limit: Callable[[], None] | None = None) -> None:
    """After SIGTERM or SIGINT, end this process within ``seconds``; the handlers set before still run."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _LimitedHandler(signal.getsignal(number), seconds, at_limit))


class _LimitedHandler:
    """A signal handler that starts the timeout and then calls ``handler``."""

    def __init__(self, handler: object, seconds: float, at_limit: Callable[[], None] | None) -> None:
        self._handler, self._seconds, self._at_limit = handler, seconds, at_limit
        # Uvicorn's handler is a method of its server. sse-starlette looks the server up here, to end streams at
        # shutdown.
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
