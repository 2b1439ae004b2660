"""The public keys with which a host signs its readers' tokens, as its JWKS (RFC 7517) has them.

A host that is slow or down must not keep readers out, and one that rotates its keys must not have to tell us: keys are
kept for :data:`KEPT`, read again for a key id that nobody knows, at most every :data:`PATIENCE`, and the last good ones
stay in use for as long as reading fails. One reading at a time: whoever comes meanwhile waits for the same one.
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

KEPT = timedelta(minutes=10)
PATIENCE = timedelta(seconds=30)
READING_SECONDS = 3.0
LARGEST = 256 * 1024
MOST_KEYS = 100
RSA_BYTES = range(256, 1025)  # RFC 7518, section 3.3: 2,048 bits at least; beyond 8,192 checking takes too long

Algorithm = Literal["RS256", "EdDSA"]
PublicKey = RSAKey | OKPKey

log = structlog.get_logger("onereply.jwks")


class KeyOut(msgspec.Struct):
    """A key as a host publishes it; what else it says of the key is passed over."""

    kty: str = ""
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    crv: str | None = None
    n: str = ""
    e: str = ""
    x: str = ""


class KeySetOut(msgspec.Struct):
    """A JWKS; each key is decoded by itself, so that one of a kind unknown here spoils nothing."""

    keys: list[msgspec.Raw]


class JwksKey(msgspec.Struct, frozen=True):
    """A key that verifies one algorithm's signatures."""

    kid: str | None
    algorithm: Algorithm
    key: PublicKey


class KnownKeySet(msgspec.Struct):
    """What is known of the JWKS at ``url``: the last good keys, when they were read, and the reading under way."""

    url: str
    keys: list[JwksKey] = []
    read_at: datetime | None = None
    tried_at: datetime | None = None
    reading: asyncio.Task[None] | None = None


class KeySets:
    """The keys of the hosts of all sites, as this process knows them."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._known: dict[int, KnownKeySet] = {}

    async def find(self, site: Site, url: str, *, kid: str | None, algorithm: Algorithm) -> PublicKey | None:
        """The key ``kid`` for ``algorithm`` in the JWKS at ``url``; without ``kid`` the only one that fits.

        None where the host has no such key; raises :class:`Busy` where no key of it was ever read.
        """
        known = self._known_of(site, url)
        key = _pick(known.keys, kid, algorithm)
        if (key is None or not _is_fresh(known)) and (known.reading or _may_try(known)):
            await self._read(site, known)
            key = _pick(known.keys, kid, algorithm)
        if known.read_at is None:
            raise Busy(cause=f"No key could be read from {url}.", retry_after_seconds=int(PATIENCE.total_seconds()))
        return key

    def _known_of(self, site: Site, url: str) -> KnownKeySet:
        known = self._known.get(site.id)
        if known is None or known.url != url:
            known = self._known[site.id] = KnownKeySet(url)
        return known

    async def _read(self, site: Site, known: KnownKeySet) -> None:
        """Wait for the reading under way, or begin one; a caller that goes away stops nobody else's."""
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
            # Not the URL: what a host puts into its query is its own.
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
                if len(content) > LARGEST:
                    raise UnreadableKeys(f"The answer has more than {LARGEST} bytes.")
        return bytes(content)


class UnreadableKeys(Exception):
    """What the host answered has no keys that could be used; the message says why."""


def keys_in(content: bytes) -> list[JwksKey]:
    """The keys of a JWKS that verify signatures here; raises :class:`UnreadableKeys` where there are none."""
    try:
        published = msgspec.json.decode(content, type=KeySetOut).keys[:MOST_KEYS]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableKeys("The answer is no JWKS.") from None
    keys = [key for raw in published if (key := _key_in(raw))]
    if not keys:
        raise UnreadableKeys("The JWKS has no RSA key of 2,048 bits or more and no Ed25519 key.")
    return keys


def _key_in(raw: msgspec.Raw) -> JwksKey | None:
    """The key, or None where it is for something else, or broken."""
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
    return known.read_at is not None and abs(clock.now() - known.read_at) < KEPT


def _may_try(known: KnownKeySet) -> bool:
    return known.tried_at is None or abs(clock.now() - known.tried_at) >= PATIENCE
