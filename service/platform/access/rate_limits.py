"""Rate limits per key, reader and address. Requests over a limit get 429.

Each process counts in its own memory, so with N workers a client can get up to N times the limit. Counts are deleted
with their window, and addresses are stored nowhere else.
"""

from functools import lru_cache
from ipaddress import IPv6Address
from math import ceil
from time import time
from typing import Any, ClassVar

import msgspec
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site
from service.platform.text.ip_addresses import parse_address


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

    def __init__(self, limit: LimitStatus, **members: Any) -> None:
        super().__init__(**members)
        self.limit = limit
        self.headers |= {"retry-after": str(max(1, limit.reset)), **limit.headers()}


class PostLimits(msgspec.Struct, frozen=True):
    """The status of each limit that a post was counted against, and the one that it ``exceeded``, if any."""

    statuses: tuple[LimitStatus, ...] = ()
    exceeded: LimitStatus | None = None


class RateLimits:
    """The counts of this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, policy: str, rates: str | None, site: Site, client: str) -> LimitStatus | None:
        """Count one request of ``client`` at ``site`` against each of ``rates`` (``5/minute 60/hour``).

        Returns the status with the least remaining, or None if there is no limit; raises :class:`RateLimited`.
        """
        statuses = [self._count(policy, rate, site, client) for rate in _parsed(rates)] if rates else []
        return min(statuses, key=lambda status: status.remaining, default=None)

    def reset(self, policy: str, rates: str, site: Site, client: str) -> None:
        """Reset the counts of ``client``."""
        for rate in _parsed(rates):
            self._limiter.clear(rate, policy, str(site.id), client)

    def _count(self, policy: str, rate: RateLimitItem, site: Site, client: str) -> LimitStatus:
        identity = (policy, str(site.id), client)
        is_within = self._limiter.hit(rate, *identity)
        reset_at, remaining = self._limiter.get_window_stats(rate, *identity)
        status = LimitStatus(policy, rate.amount, rate.get_expiry(), remaining, max(0, ceil(reset_at - time())))
        if not is_within:
            raise RateLimited(status)
        return status


@lru_cache
def _parsed(rates: str) -> list[RateLimitItem]:
    return parse_many(rates.replace(" ", ";"))


@lru_cache(maxsize=4096)
def network_of(host: str) -> str:
    """The address that is counted: that of ``host``, for IPv6 its /64."""
    address = parse_address(host)
    if isinstance(address, IPv6Address):
        return address.exploded[:19]  # a household usually has one /64
    return str(address or host)
