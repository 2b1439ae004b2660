"""The hosts for which responses with absolute links are cached, while no base URL is set."""

from datetime import datetime, timedelta

from service.platform import clock

MAX_HOSTS = 8
IDLE = timedelta(minutes=1)


class KnownHosts:
    """The base URLs of recent requests, at most :data:`MAX_HOSTS`.

    A new one replaces only one that was idle for a minute. So a client that invents hosts can't displace the real one.
    """

    def __init__(self) -> None:
        self._last_used: dict[str, datetime] = {}  # the longest idle first

    def admit(self, base_url: str) -> bool:
        """Note a request for ``base_url``; returns whether responses for it may be cached."""
        now = clock.now()
        if base_url not in self._last_used and len(self._last_used) >= MAX_HOSTS:
            oldest = next(iter(self._last_used))
            if now - self._last_used[oldest] < IDLE:
                return False
            del self._last_used[oldest]
        self._last_used.pop(base_url, None)
        self._last_used[base_url] = now
        return True
