"""Rate limits per key, reader and address. Requests over a limit get 429.

Each process counts in its own memory, so with N workers a client can get up to N times the limit. Counts are deleted
with their window, and addresses are stored nowhere else.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import time
from typing import Any, ClassVar

import msgspec
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site


class LimitStatus(msgspec.Struct, frozen=True):
    """The status of one limit: ``remaining`` of ``quota`` in ``window`` seconds; ``reset`` is in seconds."""

    policy: str
    quota: int
    window: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """The header fields of draft-ietf-httpapi-ratelimit-headers-10."""
        return {
            "ratelimit-policy": f'"{self.policy}";q={self.quota};w={self.window}',
            "ratelimit": f'"{self.policy}";r={self.remaining};t={self.reset}',
        }


class RateLimited(Problem):
    """A rate limit is exceeded; ``Retry-After`` says when to retry (RFC 6585, section 4)."""

    status: ClassVar[int] = 429
    slug = "rate-limited"

    def __init__(self, standing: LimitStatus, **members: Any) -> None:
        super().__init__(**members)
        self.headers |= {"retry-after": str(max(1, standing.reset)), **standing.headers()}


class RateLimits:
    """The counts of this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, policy: str, rates: str | None, site: Site, who: str) -> LimitStatus | None:
        """Count one request of ``who`` at ``site`` against each of ``rates`` (``5/minute 60/hour``).

        Returns the status with the least remaining, or None if there is no limit; raises :class:`RateLimited`.
        """
        standings = [self._count(policy, rate, site, who) for rate in _parsed(rates)] if rates else []
        return min(standings, key=lambda standing: standing.remaining, default=None)

    def forget(self, policy: str, rates: str, site: Site, who: str) -> None:
        """Reset the counts of ``who``."""
        for rate in _parsed(rates):
            self._limiter.clear(rate, policy, str(site.id), who)

    def _count(self, policy: str, rate: RateLimitItem, site: Site, who: str) -> LimitStatus:
        identity = (policy, str(site.id), who)
        taken = self._limiter.hit(rate, *identity)
        reset_at, remaining = self._limiter.get_window_stats(rate, *identity)
        standing = LimitStatus(policy, rate.amount, rate.get_expiry(), remaining, max(0, ceil(reset_at - time())))
        if not taken:
            raise RateLimited(standing)
        return standing


@lru_cache
def _parsed(rates: str) -> list[RateLimitItem]:
    return parse_many(rates.replace(" ", ";"))


@lru_cache(maxsize=4096)
def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.exploded[:19])  # a household usually has one /64
    return host


def address_of(request: Request) -> str | None:
    """The client's address, for IPv6 its /64; None if the server does not know it (a Unix socket)."""
    host = host_of(request)
    return _network(host) if host else None


def host_of(request: Request) -> str | None:
    """The client's full address; None if the server does not know it."""
    return request.client.host or None if request.client else None
