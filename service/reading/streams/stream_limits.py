"""Limits on concurrent streams, per process and per address."""

from collections import Counter
from typing import ClassVar

from service.platform.metrics import STREAMS
from service.platform.problems import Busy, Problem

OF_ONE_ADDRESS = 20
RETRY_SECONDS = 30


class TooManyStreams(Problem):
    """The address has reached its limit of concurrent streams: 429 with ``Retry-After``."""

    status: ClassVar[int] = 429
    slug = "rate-limited"

    def __init__(self) -> None:
        super().__init__(f"An address may have {OF_ONE_ADDRESS} streams at once.")
        self.headers["retry-after"] = str(RETRY_SECONDS)


class StreamLimits:
    """Counts the streams of a process, at most ``most``, and of each address while it has a stream."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of_address: Counter[str | None] = Counter()

    def take(self, address: str | None) -> None:
        """Count a new stream; raises :class:`TooManyStreams`, or Busy if the process is full."""
        if self._of_address.total() >= self._most:
            raise Busy(cause="All streams of the process are taken.", retry_after_seconds=RETRY_SECONDS)
        if address is not None and self._of_address[address] >= OF_ONE_ADDRESS:
            raise TooManyStreams
        self._of_address[address] += 1
        STREAMS.set(self._of_address.total())

    def give_back(self, address: str | None) -> None:
        """Count a stream that ended."""
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]
        STREAMS.set(self._of_address.total())
