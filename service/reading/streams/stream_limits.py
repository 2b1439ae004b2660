"""Limits on concurrent streams, per process and per address."""

from collections import Counter
from typing import ClassVar

from service.platform.metrics import STREAMS
from service.platform.problems import Busy, Problem

MAX_PER_ADDRESS = 20
RETRY_SECONDS = 30


class TooManyStreams(Problem):
    """The address has reached its limit of concurrent streams: 429 with ``Retry-After``."""

    status: ClassVar[int] = 429
    slug = "rate-limited"

    def __init__(self) -> None:
        super().__init__(f"This address has {MAX_PER_ADDRESS} open streams, which is the limit. Close one first.")
        self.headers["retry-after"] = str(RETRY_SECONDS)


class StreamLimits:
    """Counts the streams of a process, at most ``max_streams``, and of each client (a fingerprint) while it has one."""

    def __init__(self, max_streams: int) -> None:
        self._max_streams = max_streams
        self._of_client: Counter[str | None] = Counter()

    def acquire(self, client: str | None) -> None:
        """Count a new stream; raises :class:`TooManyStreams`, or Busy if the process is full."""
        if self._of_client.total() >= self._max_streams:
            raise Busy(
                cause="The process has reached its limit of streams (ONEREPLY_MAX_STREAMS).",
                retry_after_seconds=RETRY_SECONDS,
            )
        if client is not None and self._of_client[client] >= MAX_PER_ADDRESS:
            raise TooManyStreams
        self._of_client[client] += 1
        STREAMS.set(self._of_client.total())

    def release(self, client: str | None) -> None:
        """Count a stream that ended."""
        self._of_client[client] -= 1
        if not self._of_client[client]:
            del self._of_client[client]
        STREAMS.set(self._of_client.total())
