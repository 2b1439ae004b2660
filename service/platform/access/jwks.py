"""The host's public keys for reader tokens, fetched from its JWKS (RFC 7517).

A slow host must not lock readers out, and a host can rotate keys without notice. Keys are cached for
:data:`CACHE_TIME`. An unknown key id triggers another fetch, at most one per :data:`RETRY_INTERVAL`. If fetching fails,
the last good keys stay in use. Only one fetch of a site's keys runs at a time, and concurrent callers share it.
"""

import asyncio
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Literal

import httpx2
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey, RSAKey

from service.platform import clock
from service.platform.outbound.safe_client import TargetRefused, Targets
from service.platform.problems import Busy
from service.platform.sites.site_lookup import Site

CACHE_TIME = timedelta(minutes=10)
RETRY_INTERVAL = timedelta(seconds=30)
FETCH_TIMEOUT_SECONDS = 3.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
RSA_BYTES = range(256, 1025)  # RFC 7518, section 3.3: at least 2,048 bits; above 8,192, verification is too slow

Algorithm = Literal["RS256", "EdDSA"]
PublicKey = RSAKey | OKPKey

log = structlog.get_logger("onereply.jwks")


class PublishedKey(msgspec.Struct):
    """A published key; other members are ignored."""

    kty: str = ""
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    crv: str | None = None
    n: str = ""
    e: str = ""
    x: str = ""


class PublishedKeySet(msgspec.Struct):
    """A JWKS. Each key is decoded on its own, so that an unknown kind does not invalidate the others."""

    keys: list[msgspec.Raw]


class JwksKey(msgspec.Struct, frozen=True):
    """A key that verifies signatures of one algorithm."""

    kid: str | None
    algorithm: Algorithm
    key: PublicKey


class CachedKeySet(msgspec.Struct):
    """The state of the JWKS at ``url``: the last good keys, the time of the fetch, and the fetch in progress."""

    url: str
    keys: list[JwksKey] = []
    fetched_at: datetime | None = None
    attempted_at: datetime | None = None
    fetch: asyncio.Task[None] | None = None


class KeySets:
    """The cached keys of all sites' hosts, per process."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._cached: dict[int, CachedKeySet] = {}

    async def find(self, site: Site, url: str, *, kid: str | None, algorithm: Algorithm) -> PublicKey | None:
        """Find the key ``kid`` for ``algorithm`` in the JWKS at ``url``; without ``kid``, the only matching key.

        Returns None if the host has no such key. Raises :class:`Busy` if no fetch has succeeded yet.
        """
        cached = self._cached_for(site, url)
        key = _select_key(cached.keys, kid, algorithm)
        if (key is None or not _is_fresh(cached)) and (cached.fetch or _may_fetch(cached)):
            await self._refresh(site, cached)
            key = _select_key(cached.keys, kid, algorithm)
        if cached.fetched_at is None:
            retry_after_seconds = int(RETRY_INTERVAL.total_seconds())
            raise Busy(cause="The host's JWKS could not be fetched yet.", retry_after_seconds=retry_after_seconds)
        return key

    def _cached_for(self, site: Site, url: str) -> CachedKeySet:
        cached = self._cached.get(site.id)
        if cached is None or cached.url != url:
            cached = self._cached[site.id] = CachedKeySet(url)
        return cached

    async def _refresh(self, site: Site, cached: CachedKeySet) -> None:
        """Start a fetch or wait for the one in progress; cancelling one caller does not cancel the fetch."""
        if cached.fetch is None:
            cached.attempted_at = clock.now()
            cached.fetch = asyncio.create_task(self._refresh_once(site, cached))
        await asyncio.shield(cached.fetch)

    async def _refresh_once(self, site: Site, cached: CachedKeySet) -> None:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                content = await self._fetch(cached.url)
            cached.keys, cached.fetched_at = parse_jwks(content), clock.now()
        except (httpx2.HTTPError, httpx2.InvalidURL, TargetRefused, TimeoutError, InvalidJwks) as error:
            # The URL is not logged, because its query can contain a secret.
            log.warning("jwks-fetch-failed", site=site.slug, reason=str(error) or type(error).__name__)
        finally:
            cached.fetch = None

    async def _fetch(self, url: str) -> bytes:
        self._targets.check(url)
        if url.startswith("http:") and not self._targets.allow_private:
            raise TargetRefused("It must be an https URL.")
        headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
        async with (
            self._targets.client(timeout_seconds=FETCH_TIMEOUT_SECONDS) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code != 200 or "content-encoding" in response.headers:
                raise InvalidJwks(f"The host answered {response.status_code}.")
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise InvalidJwks(f"The answer has more than {MAX_BYTES} bytes.")
        return bytes(content)


class InvalidJwks(Exception):
    """The host's answer contains no usable keys; the message says why."""


def parse_jwks(content: bytes) -> list[JwksKey]:
    """Return the keys of a JWKS that can verify signatures; raises :class:`InvalidJwks` if there are none."""
    try:
        published = msgspec.json.decode(content, type=PublishedKeySet).keys[:MAX_KEYS]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidJwks("The answer is not a JWKS.") from None
    keys = [key for raw in published if (key := _parse_key(raw))]
    if not keys:
        raise InvalidJwks("The JWKS has no RSA key of 2,048 bits or more and no Ed25519 key.")
    return keys


def _parse_key(raw: msgspec.Raw) -> JwksKey | None:
    """Return the key, or None if it has another purpose or is invalid."""
    try:
        key = msgspec.json.decode(raw, type=PublishedKey)
        if key.use not in {None, "sig"}:
            return None
        if key.kty == "RSA" and key.alg in {None, "RS256"} and len(urlsafe_b64decode(key.n + "==")) in RSA_BYTES:
            return JwksKey(key.kid, "RS256", RSAKey.import_key({"kty": "RSA", "n": key.n, "e": key.e}))
        if key.kty == "OKP" and key.crv == "Ed25519" and key.alg in {None, "EdDSA", "Ed25519"}:
            return JwksKey(key.kid, "EdDSA", OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key.x}))
    except (msgspec.DecodeError, JoseError, ValueError):
        return None
    return None


def _select_key(keys: list[JwksKey], kid: str | None, algorithm: Algorithm) -> PublicKey | None:
    matching = [each for each in keys if each.algorithm == algorithm and kid in {None, each.kid}]
    return matching[0].key if matching and (kid is not None or len(matching) == 1) else None


def _is_fresh(cached: CachedKeySet) -> bool:
    return cached.fetched_at is not None and abs(clock.now() - cached.fetched_at) < CACHE_TIME


def _may_fetch(cached: CachedKeySet) -> bool:
    return cached.attempted_at is None or abs(clock.now() - cached.attempted_at) >= RETRY_INTERVAL
