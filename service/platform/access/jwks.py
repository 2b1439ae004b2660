"""The host's public keys for reader tokens, fetched from its JWKS (RFC 7517).

A slow host must not lock readers out, and a host can rotate keys without notice. Keys are cached for
:data:`CACHE_TIME`. An unknown key id triggers another fetch, at most one every :data:`PATIENCE`. If fetching fails, the
last good keys stay in use. Only one fetch of a site's keys runs at a time, and concurrent callers share it.
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
PATIENCE = timedelta(seconds=30)
READING_SECONDS = 3.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
RSA_BYTES = range(256, 1025)  # RFC 7518, section 3.3: at least 2,048 bits; above 8,192, verification is too slow

Algorithm = Literal["RS256", "EdDSA"]
PublicKey = RSAKey | OKPKey

log = structlog.get_logger("onereply.jwks")


class KeyOut(msgspec.Struct):
    """A published key; other members are ignored."""

    kty: str = ""
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    crv: str | None = None
    n: str = ""
    e: str = ""
    x: str = ""


class KeySetOut(msgspec.Struct):
    """A JWKS. Each key is decoded on its own, so that an unknown kind does not invalidate the others."""

    keys: list[msgspec.Raw]


class JwksKey(msgspec.Struct, frozen=True):
    """A key that verifies signatures of one algorithm."""

    kid: str | None
    algorithm: Algorithm
    key: PublicKey


class KnownKeySet(msgspec.Struct):
    """The state of the JWKS at ``url``: the last good keys, the time of the fetch, and the fetch in progress."""

    url: str
    keys: list[JwksKey] = []
    read_at: datetime | None = None
    tried_at: datetime | None = None
    reading: asyncio.Task[None] | None = None


class KeySets:
    """The cached keys of all sites' hosts, per process."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._known: dict[int, KnownKeySet] = {}

    async def find(self, site: Site, url: str, *, kid: str | None, algorithm: Algorithm) -> PublicKey | None:
        """Find the key ``kid`` for ``algorithm`` in the JWKS at ``url``; without ``kid``, the only matching key.

        Returns None if the host has no such key. Raises :class:`Busy` if no fetch has succeeded yet.
        """
        known = self._known_of(site, url)
        key = _pick(known.keys, kid, algorithm)
        if (key is None or not _is_fresh(known)) and (known.reading or _may_try(known)):
            await self._read(site, known)
            key = _pick(known.keys, kid, algorithm)
        if known.read_at is None:
            raise Busy(cause="No key of the host could be read yet.", retry_after_seconds=int(PATIENCE.total_seconds()))
        return key

    def _known_of(self, site: Site, url: str) -> KnownKeySet:
        known = self._known.get(site.id)
        if known is None or known.url != url:
            known = self._known[site.id] = KnownKeySet(url)
        return known

    async def _read(self, site: Site, known: KnownKeySet) -> None:
        """Start a fetch or wait for the one in progress; cancelling one caller does not cancel the fetch."""
        if known.reading is None:
            known.tried_at = clock.now()
            known.reading = asyncio.create_task(self._read_once(site, known))
        await asyncio.shield(known.reading)

    async def _read_once(self, site: Site, known: KnownKeySet) -> None:
        try:
            async with asyncio.timeout(READING_SECONDS):
                content = await self._fetch(known.url)
            known.keys, known.read_at = keys_in(content), clock.now()
        except (httpx2.HTTPError, httpx2.InvalidURL, TargetRefused, TimeoutError, UnreadableKeys) as error:
            # The URL is not logged, because its query can contain a secret.
            log.warning("jwks-unreadable", site=site.slug, why=str(error) or type(error).__name__)
        finally:
            known.reading = None

    async def _fetch(self, url: str) -> bytes:
        self._targets.check(url)
        if url.startswith("http:") and not self._targets.allow_private:
            raise TargetRefused("It is no https URL.")
        headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
        async with (
            self._targets.client(timeout_seconds=READING_SECONDS) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code != 200 or "content-encoding" in response.headers:
                raise UnreadableKeys(f"The host answered {response.status_code}.")
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise UnreadableKeys(f"The answer has more than {MAX_BYTES} bytes.")
        return bytes(content)


class UnreadableKeys(Exception):
    """The host's answer contains no usable keys; the message says why."""


def keys_in(content: bytes) -> list[JwksKey]:
    """Return the keys of a JWKS that can verify signatures; raises :class:`UnreadableKeys` if there are none."""
    try:
        published = msgspec.json.decode(content, type=KeySetOut).keys[:MAX_KEYS]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableKeys("The answer is no JWKS.") from None
    keys = [key for raw in published if (key := _key_in(raw))]
    if not keys:
        raise UnreadableKeys("The JWKS has no RSA key of 2,048 bits or more and no Ed25519 key.")
    return keys


def _key_in(raw: msgspec.Raw) -> JwksKey | None:
    """Return the key, or None if it has another purpose or is invalid."""
    try:
        out = msgspec.json.decode(raw, type=KeyOut)
        if out.use not in {None, "sig"}:
            return None
        if out.kty == "RSA" and out.alg in {None, "RS256"} and len(urlsafe_b64decode(out.n + "==")) in RSA_BYTES:
            return JwksKey(out.kid, "RS256", RSAKey.import_key({"kty": "RSA", "n": out.n, "e": out.e}))
        if out.kty == "OKP" and out.crv == "Ed25519" and out.alg in {None, "EdDSA", "Ed25519"}:
            return JwksKey(out.kid, "EdDSA", OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": out.x}))
    except (msgspec.DecodeError, JoseError, ValueError):
        return None
    return None


def _pick(keys: list[JwksKey], kid: str | None, algorithm: Algorithm) -> PublicKey | None:
    fitting = [each for each in keys if each.algorithm == algorithm and kid in {None, each.kid}]
    return fitting[0].key if fitting and (kid is not None or len(fitting) == 1) else None


def _is_fresh(known: KnownKeySet) -> bool:
    return known.read_at is not None and abs(clock.now() - known.read_at) < CACHE_TIME


def _may_try(known: KnownKeySet) -> bool:
    return known.tried_at is None or abs(clock.now() - known.tried_at) >= PATIENCE
