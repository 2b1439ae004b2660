"""How many streams a process has room for, and how many of one address."""

from collections import Counter
from typing import ClassVar

from service.platform.metrics import STREAMS
from service.platform.problems import Busy, Problem

OF_ONE_ADDRESS = 20
RETRY_SECONDS = 30


class TooManyStreams(Problem):
    """An address has as many streams as it may have at once; ``Retry-After`` says when to try again."""

    status: ClassVar[int] = 429
    slug = "rate-limited"

    def __init__(self) -> None:
        super().__init__(f"An address may have {OF_ONE_ADDRESS} streams at once.")
        self.headers["retry-after"] = str(RETRY_SECONDS)


class StreamLimits:
    """The places of a process, ``most`` at once. Addresses are forgotten with their last stream."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of_address: Counter[str | None] = Counter()

    def take(self, address: str | None) -> None:
        """Take a place; raises :class:`TooManyStreams`, or Busy where there is none."""
        if self._of_address.total() >= self._most:
            raise Busy(cause="All streams of the process are taken.", retry_after_seconds=RETRY_SECONDS)
        if address is not None and self._of_address[address] >= OF_ONE_ADDRESS:
            raise TooManyStreams
        self._of_address[address] += 1
        STREAMS.set(self._of_address.total())

    def give_back(self, address: str | None) -> None:
        """Give a place back."""
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]
        STREAMS.set(self._of_address.total())
