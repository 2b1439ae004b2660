"""Host tokens: JWTs (RFC 7519) that the host's system signs to sign a reader in.

The site's secret verifies only HS256; the host's JWKS verifies only RS256 and EdDSA (Ed25519, RFC 8037). The token's
header can only choose between these (RFC 8725, section 3.1). Every invalid token gets the same answer, so that
attackers learn nothing from it. The host decides how long its tokens are valid.
"""

import hmac
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OctKey

from service.platform import clock
from service.platform.access.jwks import KeySets, PublicKey
from service.platform.problems import Unauthenticated
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_secrets import Secrets
from service.platform.text.field_types import is_email
from service.platform.text.plain_text import clean_line, is_blank
from service.platform.text.web_urls import is_web_url

MAX_TOKEN_LENGTH = 4096
LEEWAY = timedelta(seconds=60)
MAX_NAME = 100
MAX_EMAIL = 254

Role = Literal["reader", "staff"]


class Profile(msgspec.Struct, frozen=True):
    """A signed-in reader's profile, as the host's token states it."""

    name: str | None
    avatar: str | None
    email: str | None
    role: Role


class TokenHeader(msgspec.Struct):
    """The JOSE header of a token. No extensions are supported, so a token with ``crit`` is refused."""

    alg: Literal["HS256", "RS256", "EdDSA"]
    kid: str | None = None
    crit: msgspec.UnsetType = msgspec.UNSET


class Claims(msgspec.Struct):
    """The claims that are read: required ones, and those of a profile, which are ignored if invalid."""

    sub: str
    exp: float
    aud: str | list[str]
    iat: float | None = None
    nbf: float | None = None
    iss: str | None = None
    name: object = None
    picture: object = None
    email: object = None
    roles: object = None
    role: object = None


class HostTokens:
    """Verifies the host tokens of all sites."""

    def __init__(self, secrets: Secrets, key_sets: KeySets, *, secret_key: str) -> None:
        self._secrets = secrets
        self._key_sets = key_sets
        self._key = hmac.digest(secret_key.encode(), b"onereply host reader", "sha256")

    async def read(self, site: Site, token: str) -> tuple[UUID, Profile]:
        """Return the id and profile of the reader in ``token``; the same ``sub`` always has the same id.

        Raises :class:`Unauthenticated`, or :class:`Busy` if the host's keys can't be fetched.
        """
        try:
            claims = await self._verify(site, token)
            _check(claims, site)
            return self._reader_id(site, claims.sub), _profile(claims)
        except (InvalidToken, JoseError, msgspec.DecodeError, ValueError, RecursionError):
            raise Unauthenticated("This host token is not valid at this site.", given=True) from None

    async def _verify(self, site: Site, token: str) -> Claims:
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidToken
        header = msgspec.json.decode(_decoded(token.partition(".")[0]), type=TokenHeader)
        key = await self._key_for(site, header)
        if key is None:
            raise InvalidToken
        signed = jws.deserialize_compact(token, key, registry=_OnlyAlgorithm(header.alg))
        return msgspec.json.decode(signed.payload or b"", type=Claims)

    async def _key_for(self, site: Site, header: TokenHeader) -> OctKey | PublicKey | None:
        if header.alg == "HS256":
            secret = await self._secrets.find(site, "host-token")
            return OctKey.import_key(secret.encode()) if secret else None
        if site.settings.jwt_jwks_url is None:
            return None
        return await self._key_sets.find(site, site.settings.jwt_jwks_url, kid=header.kid, algorithm=header.alg)

    def _reader_id(self, site: Site, sub: str) -> UUID:
        """A UUIDv8 (RFC 9562, section 5.8) from a keyed hash: needs no database row, and others can't compute it."""
        digest = hmac.digest(self._key, site.id.to_bytes(8, "big") + sub.encode(), "sha256")
        number = int.from_bytes(digest[:16], "big")
        number = number & ~(0xF << 76) | 8 << 76  # version
        return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)  # variant


class InvalidToken(Exception):
    """The token is invalid; the reason is not disclosed."""


class _OnlyAlgorithm(jws.JWSRegistry):
    """A registry with one algorithm.

    joserfc's default registry warns on each use of the name EdDSA, which RFC 9864 replaces but issuers still use.
    """

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return the algorithm; raises UnsupportedAlgorithmError for any other name."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "==")


def _check(claims: Claims, site: Site) -> None:
    """Check the claims' audience, issuer and times; raises :class:`InvalidToken`."""
    now, leeway = clock.now().timestamp(), LEEWAY.total_seconds()
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    settings = site.settings
    valid = (
        1 <= len(claims.sub) <= 255
        and (settings.jwt_audience or site.slug) in audiences
        and settings.jwt_issuer in {None, claims.iss}
        and now < claims.exp + leeway
        and all(begins is None or begins <= now + leeway for begins in (claims.iat, claims.nbf))
    )
    if not valid:
        raise InvalidToken


def _profile(claims: Claims) -> Profile:
    return Profile(_name(claims.name), _avatar(claims.picture), _email(claims.email), _role(claims))


def _name(claim: object) -> str | None:
    """Clean the name and truncate it: a reader can't change the name that the host gives them."""
    if not isinstance(claim, str):
        return None
    name = clean_line(clean_line(claim)[:MAX_NAME])
    return None if is_blank(name) else name


def _avatar(claim: object) -> str | None:
    return claim if isinstance(claim, str) and is_web_url(claim) else None


def _email(claim: object) -> str | None:
    return claim if isinstance(claim, str) and len(claim) <= MAX_EMAIL and is_email(claim) else None


def _role(claims: Claims) -> Role:
    roles = claims.roles if isinstance(claims.roles, list) else [claims.roles]
    return "staff" if "staff" in [*roles, claims.role] else "reader"
