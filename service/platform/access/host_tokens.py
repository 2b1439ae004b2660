"""Host tokens: how the host signs a reader in. A JWT (RFC 7519) that the host's own system signs and its pages send.

The site's secret verifies HS256 and nothing else, the host's JWKS RS256 and EdDSA (Ed25519, RFC 8037) and nothing else:
what a token says of itself never picks more than between those (RFC 8725, section 3.1). Whatever is wrong with a token,
the answer is the same, so that nobody learns by trying. How long a token lives is the host's business.
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

LONGEST = 4096
LEEWAY = timedelta(seconds=60)
LONGEST_NAME = 100
LONGEST_EMAIL = 254

Role = Literal["reader", "staff"]


class Profile(msgspec.Struct, frozen=True):
    """What the host says of a reader whom it signed in."""

    name: str | None
    avatar: str | None
    email: str | None
    role: Role


class TokenHeader(msgspec.Struct):
    """The part of a token that says how it is signed. ``crit`` asks for extensions, of which there are none here."""

    alg: Literal["HS256", "RS256", "EdDSA"]
    kid: str | None = None
    crit: msgspec.UnsetType = msgspec.UNSET


class Claims(msgspec.Struct):
    """The claims that are read: those that decide, and those of a profile, which are dropped where they do not fit."""

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
    """Reads the tokens of all sites' hosts."""

    def __init__(self, secrets: Secrets, key_sets: KeySets, *, secret_key: str) -> None:
        self._secrets = secrets
        self._key_sets = key_sets
        self._key = hmac.digest(secret_key.encode(), b"onereply host reader", "sha256")

    async def read(self, site: Site, token: str) -> tuple[UUID, Profile]:
        """The reader whom ``token`` signs in at ``site``: always the same id for the same ``sub``, and their profile.

        Raises :class:`Unauthenticated`, or :class:`Busy` where the host's keys can't be had.
        """
        try:
            claims = await self._verify(site, token)
            _check(claims, site)
            return self._reader_id(site, claims.sub), _profile(claims)
        except (InvalidToken, JoseError, msgspec.DecodeError, ValueError, RecursionError):
            raise Unauthenticated("This host token is not valid here.", given=True) from None

    async def _verify(self, site: Site, token: str) -> Claims:
        if len(token) > LONGEST:
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
        """A UUIDv8 (RFC 9562, section 5.8) by keyed hash: no row to look up, and nobody else can work it out."""
        digest = hmac.digest(self._key, site.id.to_bytes(8, "big") + sub.encode(), "sha256")
        number = int.from_bytes(digest[:16], "big")
        number = number & ~(0xF << 76) | 8 << 76  # the version
        return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)  # and the variant


class InvalidToken(Exception):
    """Something about a token is not as it must be; what, nobody is told."""


class _OnlyAlgorithm(jws.JWSRegistry):
    """Knows one algorithm.

    joserfc's own way to the algorithm warns each time of the name EdDSA, which RFC 9864 replaces and issuers still use.
    """

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        """The algorithm, if it is this one."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "==")


def _check(claims: Claims, site: Site) -> None:
    """That the token is for this site, by its issuer, and now; raises :class:`InvalidToken`."""
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
    """Cleaned like a name that is typed, and cut where it is longer: a reader can't change what the host calls them."""
    if not isinstance(claim, str):
        return None
    name = clean_line(clean_line(claim)[:LONGEST_NAME])
    return None if is_blank(name) else name


def _avatar(claim: object) -> str | None:
    return claim if isinstance(claim, str) and is_web_url(claim) else None


def _email(claim: object) -> str | None:
    return claim if isinstance(claim, str) and len(claim) <= LONGEST_EMAIL and is_email(claim) else None


def _role(claims: Claims) -> Role:
    roles = claims.roles if isinstance(claims.roles, list) else [claims.roles]
    return "staff" if "staff" in [*roles, claims.role] else "reader"
