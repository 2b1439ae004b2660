"""Whether others want the processor, as far as the system tells."""

import time
from pathlib import Path

SCHEDSTAT = Path("/proc/self/schedstat")  # nanoseconds run, nanoseconds waited to run, turns; Linux has it
SHORT = 0.2


class Processor:
    """Watches how long this process, which comes last (``nice``), waits to run."""

    def __init__(self) -> None:
        self._waited, self._at = _waited(), time.monotonic_ns()

    def is_short(self) -> bool:
        """Whether since the last time of asking more than a fifth was spent waiting."""
        waited, at = _waited(), time.monotonic_ns()
        share = (waited - self._waited) / max(1, at - self._at)
        self._waited, self._at = waited, at
        return share > SHORT


def _waited() -> int:
    try:
        return int(SCHEDSTAT.read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
