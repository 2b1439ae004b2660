"""Rate limits per key, reader and address. Requests over a limit get 429.

Each process counts in its own memory, so with N workers a client can get up to N times the limit, unless
``ONEREPLY_LIMITS_URL`` names a server that they share. A count is kept under a fingerprint of its client.

*Why one store per policy*: requests from many addresses must not evict the counts that limit log-ins.
"""

import time
from functools import lru_cache
from ipaddress import IPv6Address
from math import ceil
from typing import Any, ClassVar

import msgspec
from limits import RateLimitItem, parse_many

from service.platform.access.fingerprints import Fingerprints
from service.platform.access.limit_counts import (
    MemoryCounts,
    RequestCounts,
    SharedCounts,
    close_storage,
    shared_storage,
)
from service.platform.problems import Problem, RetryIn
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
        seconds = max(1, limit.reset)
        super().__init__(RetryIn(seconds), **members)
        self.limit = limit
        self.headers |= {"retry-after": str(seconds), **limit.headers()}


class PostLimits(msgspec.Struct, frozen=True):
    """The status of each limit that a post was counted against, and the one that it ``exceeded``, if any."""

    statuses: tuple[LimitStatus, ...] = ()
    exceeded: LimitStatus | None = None


class RateLimits:
    """The counts of this process, or those shared by all processes at ``url``."""

    def __init__(self, fingerprints: Fingerprints, url: str | None = None) -> None:
        self._fingerprints = fingerprints
        self._shared = shared_storage(url) if url else None
        self._counts: dict[str, RequestCounts] = {}  # by policy

    async def count(self, policy: str, rates: str | None, site: Site | None, client: str) -> LimitStatus | None:
        """Count one request of ``client`` at ``site``, or at none, against each of ``rates`` (``5/minute 60/hour``).

        Returns the status with the least remaining, or None if there is no limit; raises :class:`RateLimited`.
        """
        statuses = [await self._count(policy, rate, site, client) for rate in _parsed(rates)] if rates else []
        return min(statuses, key=lambda status: status.remaining, default=None)

    def count_now(self, policy: str, rates: str, site: Site, client: str) -> bool:
        """Count one request if the counts are in this process and it is within all of ``rates``; else return False."""
        counts, fingerprint = self._counts_of(policy), self._fingerprint(policy, site, client)
        if not isinstance(counts, MemoryCounts):
            return False
        parsed = _parsed(rates)
        if not all(counts.has_room(rate, fingerprint) for rate in parsed):
            return False
        for rate in parsed:
            counts.hit_now(rate, fingerprint)
        return True

    async def reset(self, policy: str, rates: str, site: Site | None, client: str) -> None:
        """Reset the counts of ``client``."""
        for rate in _parsed(rates):
            await self._counts_of(policy).clear(rate, self._fingerprint(policy, site, client))

    async def close(self) -> None:
        """Close the connections to the server that the processes share."""
        if self._shared:
            await close_storage(self._shared)

    async def _count(self, policy: str, rate: RateLimitItem, site: Site | None, client: str) -> LimitStatus:
        hit = await self._counts_of(policy).hit(rate, self._fingerprint(policy, site, client))
        seconds = max(0, ceil(hit.reset_at - time.time()))
        status = LimitStatus(policy, rate.amount, rate.get_expiry(), hit.remaining, seconds)
        if not hit.is_within:
            raise RateLimited(status)
        return status

    def _counts_of(self, policy: str) -> RequestCounts:
        counts = self._counts.get(policy)
        if counts is None:
            memory = MemoryCounts()
            counts = SharedCounts(self._shared, otherwise=memory) if self._shared else memory
            self._counts[policy] = counts
        return counts

    def _fingerprint(self, policy: str, site: Site | None, client: str) -> str:
        return self._fingerprints.of_client(site.id if site else 0, f"{policy} {client}")


@lru_cache
def _parsed(rates: str) -> list[RateLimitItem]:
    return parse_many(rates.replace(" ", ";"))


def network_of(host: str) -> str:
    """The address that is counted: that of ``host``, for IPv6 its /64."""
    address = parse_address(host)
    if isinstance(address, IPv6Address):
        return address.exploded[:19]  # a household usually has one /64
    return str(address or host)
