"""How long the webhook worker waits between two polls."""

import asyncio
from contextlib import suppress

POLL_SECONDS = 0.05
MIN_POLL_SECONDS = 0.02
QUIET_POLL_SECONDS = 1.0  # the longest pause while nothing happens; retries that fall due wait for its end
# On SQLite a poll holds the lock that every post needs, so the worker pauses after a full poll; this limits it to 1,280
# deliveries/s. Beside a backlog, posts keep 0.91 of their rate with the pause and 0.86 without (14 pairs each on a busy
# machine, standard error 0.03). On PostgreSQL they keep 0.96 without it (24 pairs).
BACKLOG_PAUSE_SECONDS = 0.2


class PollPause:
    """Waits for the next poll.

    Polls follow each other 20 times a second while there is work, ever less often while nothing happens, and soon after
    :meth:`hear_write`.
    """

    def __init__(self) -> None:
        self._wake, self._written = asyncio.Event(), asyncio.Event()
        self._quiet_polls = 0
        self.has_backlog = False  # whether the last poll was full, on SQLite

    def hear_write(self) -> None:
        """Poll soon: this process or another one wrote."""
        self._written.set()

    def wake(self) -> None:
        """Poll soon: there are results to record, or an endpoint's queue runs low."""
        self._wake.set()

    def count_poll(self, *, is_quiet: bool) -> None:
        """Note whether a poll found nothing to do and nothing in flight."""
        self._quiet_polls = self._quiet_polls + 1 if is_quiet else 0

    async def wait(self, *, at_once: bool) -> None:
        """Wait for the next poll; less if there is more work ``at_once``."""
        await asyncio.sleep(BACKLOG_PAUSE_SECONDS if self.has_backlog else MIN_POLL_SECONDS)
        if at_once or self.has_backlog:
            return
        await _wait(self._wake, POLL_SECONDS - MIN_POLL_SECONDS)
        self._wake.clear()
        if self._quiet_polls:
            longest = min(POLL_SECONDS * 2 ** min(self._quiet_polls, 10), QUIET_POLL_SECONDS)
            await _wait(self._written, longest - POLL_SECONDS)
        self._written.clear()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
