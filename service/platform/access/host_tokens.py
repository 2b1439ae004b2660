"""Host tokens: JWTs (RFC 7519) that the host's system signs to sign a reader in.

The site's secret verifies only HS256; the host's JWKS verifies only RS256 and EdDSA (Ed25519, RFC 8037). The token's
header can only choose between these (RFC 8725, section 3.1). Every invalid token gets the same answer, so that
attackers learn nothing from it; the log names the claim or the part that is wrong, and so does the answer if the
installation says so. The host decides how long its tokens are valid.
"""

import hmac
from typing import Literal
from uuid import UUID

import msgspec
import structlog
from joserfc.jwk import OctKey

from service.platform.access.jwks import KeySets, PublicKey
from service.platform.access.signed_jwt import (
    InvalidToken,
    TokenHeader,
    check_audience,
    check_subject,
    check_times,
    decode_claims,
    read_header,
    verify,
)
from service.platform.problems import Unauthenticated
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_secrets import Secrets
from service.platform.text.article_ids import has_control
from service.platform.text.field_types import is_email
from service.platform.text.plain_text import clean_line, is_blank
from service.platform.text.web_urls import with_canonical_origin

MAX_TOKEN_LENGTH = 4096
MAX_NAME = 100
MAX_EMAIL = 254

Role = Literal["reader", "staff"]

log = structlog.get_logger("onereply.host_tokens")


class Profile(msgspec.Struct, frozen=True):
    """A signed-in reader's profile, as the host's token states it.

    ``subject`` is the host's id of the user; None if it has control characters, which no database stores alike.
    ``claims`` is the payload, a JSON object.
    """

    subject: str | None
    name: str | None
    avatar: str | None
    email: str | None
    role: Role
    claims: bytes = b"{}"


class Claims(msgspec.Struct):
    """The claims that are read: required ones, and those of a profile, which are ignored if invalid.

    ``iat`` must be a number, but any time is valid: RFC 7519 has ``nbf`` for a token that is not valid yet.
    """

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
    """Verifies the host tokens of all sites; if it ``explains``, answers say why a token is invalid."""

    def __init__(self, secrets: Secrets, key_sets: KeySets, *, secret_key: str, explains: bool = False) -> None:
        self._secrets = secrets
        self._explains = explains
        self._key_sets = key_sets
        self._key = hmac.digest(secret_key.encode(), b"onereply host reader", "sha256")

    async def read(self, site: Site, token: str) -> tuple[UUID, Profile]:
        """Return the id and profile of the reader in ``token``; the same ``sub`` always has the same id.

        Raises :class:`Unauthenticated`, or :class:`Busy` if the host's keys can't be fetched.
        """
        try:
            payload = await self.verify(site, token)
            claims = decode_claims(payload, Claims)
            _check(claims, site)
            return self._reader_id(site, claims.sub), _profile(claims, payload)
        except InvalidToken as error:
            log.info("host-token-refused", site=site.slug, part=error.part, reason=error.reason)
            detail = "This host token is not valid at this site."
            explained = f"{detail} “{error.part}” {error.reason}." if self._explains else detail
            raise Unauthenticated(explained, given=True) from None

    async def verify(self, site: Site, token: str) -> bytes:
        """Return the payload of a token that the site's host signed; raises :class:`InvalidToken` or :class:`Busy`."""
        header = read_header(token, max_length=MAX_TOKEN_LENGTH)
        return verify(token, header, await self._key_for(site, header))

    async def _key_for(self, site: Site, header: TokenHeader) -> OctKey | PublicKey | None:
        if header.alg == "HS256":
            secret = await self._secrets.find(site, "host-token")
            return OctKey.import_key(secret.encode()) if secret else None
        if site.settings.jwt_jwks_url is None:
            return None
        return await self._key_sets.find(site, site.settings.jwt_jwks_url, kid=header.kid, algorithm=header.alg)

    def reader_id_of_moderator(self, site: Site, moderator_id: str) -> UUID:
        """Return the id under which a moderator posts, which no ``sub`` has."""
        return _uuid_of(self._key + b"moderator", site, moderator_id)

    def _reader_id(self, site: Site, sub: str) -> UUID:
        return _uuid_of(self._key, site, sub)


def _uuid_of(key: bytes, site: Site, subject: str) -> UUID:
    """A UUIDv8 (RFC 9562, section 5.8) from a keyed hash: needs no database row, and others can't compute it."""
    digest = hmac.digest(key, site.id.to_bytes(8, "big") + subject.encode(), "sha256")
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76  # version
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)  # variant


def _check(claims: Claims, site: Site) -> None:
    """Check the claims' subject, audience, issuer and times; raises :class:`InvalidToken`."""
    check_subject(claims.sub)
    check_audience(claims.aud, site.settings.jwt_audience or site.slug)
    if site.settings.jwt_issuer not in {None, claims.iss}:
        raise InvalidToken("iss", "is not the site's issuer")
    check_times(claims.exp, claims.nbf)


def _profile(claims: Claims, payload: bytes) -> Profile:
    return Profile(
        None if has_control(claims.sub) else claims.sub,
        _name(claims.name),
        _avatar(claims.picture),
        _email(claims.email),
        _role(claims),
        payload,
    )


def _name(claim: object) -> str | None:
    """Clean the name and truncate it: a reader can't change the name that the host gives them."""
    if not isinstance(claim, str):
        return None
    name = clean_line(clean_line(claim)[:MAX_NAME])
    return None if is_blank(name) else name


def _avatar(claim: object) -> str | None:
    return with_canonical_origin(claim) if isinstance(claim, str) else None


def _email(claim: object) -> str | None:
    return claim if isinstance(claim, str) and len(claim) <= MAX_EMAIL and is_email(claim) else None


def _role(claims: Claims) -> Role:
    roles = claims.roles if isinstance(claims.roles, list) else [claims.roles]
    return "staff" if "staff" in [*roles, claims.role] else "reader"
