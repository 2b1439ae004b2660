"""CPU pressure, from Linux scheduler statistics."""

import time
from pathlib import Path

SCHEDSTAT = Path("/proc/self/schedstat")  # Linux: nanoseconds on the CPU, nanoseconds waiting, time slices
SHORT = 0.2


class Processor:
    """Measures how long this process, which runs at a low priority (``nice``), waits for the CPU."""

    def __init__(self) -> None:
        self._waited, self._at = _waited(), time.monotonic_ns()

    def is_short(self) -> bool:
        """Whether the process waited for more than a fifth of the time since the last call."""
        waited, at = _waited(), time.monotonic_ns()
        share = (waited - self._waited) / max(1, at - self._at)
        self._waited, self._at = waited, at
        return share > SHORT


def _waited() -> int:
    try:
        return int(SCHEDSTAT.read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
