"""Host tokens: JWTs (RFC 7519) that the host's system signs to sign a reader in.

The site's secret verifies only HS256; the host's JWKS verifies only RS256 and EdDSA (Ed25519, RFC 8037). The token's
header can only choose between these (RFC 8725, section 3.1). Every invalid token gets the same answer, so that
attackers learn nothing from it; the log names the claim or the part that is wrong, and so does the answer if the
installation says so. The host decides how long its tokens are valid.
"""

import hmac
import re
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
import structlog
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OctKey

from service.platform import clock
from service.platform.access.jwks import KeySets, PublicKey
from service.platform.problems import Unauthenticated
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_secrets import Secrets
from service.platform.text.article_ids import has_control
from service.platform.text.field_types import is_email
from service.platform.text.plain_text import clean_line, is_blank
from service.platform.text.web_urls import with_canonical_origin

MAX_TOKEN_LENGTH = 4096
LEEWAY = timedelta(seconds=60)
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


class TokenHeader(msgspec.Struct):
    """The JOSE header of a token. No extensions are supported, so a token with ``crit`` is refused."""

    alg: Literal["HS256", "RS256", "EdDSA"]
    kid: str | None = None
    crit: msgspec.UnsetType = msgspec.UNSET


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
            payload = await self._verify(site, token)
            claims = _claims(payload)
            _check(claims, site)
            return self._reader_id(site, claims.sub), _profile(claims, payload)
        except InvalidToken as error:
            log.info("host-token-refused", site=site.slug, part=error.part, reason=error.reason)
            detail = "This host token is not valid at this site."
            explained = f"{detail} “{error.part}” {error.reason}." if self._explains else detail
            raise Unauthenticated(explained, given=True) from None

    async def _verify(self, site: Site, token: str) -> bytes:
        """Return the payload of a token with a valid signature; raises :class:`InvalidToken`."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidToken("token", f"has more than {MAX_TOKEN_LENGTH} characters")
        try:
            header = msgspec.json.decode(_decoded(token.partition(".")[0]), type=TokenHeader)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            raise InvalidToken("header", "must be JSON with “alg” HS256, RS256 or EdDSA, without “crit”") from None
        key = await self._key_for(site, header)
        if key is None:
            raise InvalidToken("header", f"has “alg” {header.alg}, for which the site has no such key")
        try:
            signed = jws.deserialize_compact(token, key, registry=_OnlyAlgorithm(header.alg))
        except (JoseError, ValueError, RecursionError):
            raise InvalidToken("signature", "does not match the site's key") from None
        return signed.payload or b""

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


class InvalidToken(Exception):
    """The token is invalid: the ``part`` that is wrong, such as a claim, and the ``reason``, without its value."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(part, reason)
        self.part, self.reason = part, reason


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


def _claims(payload: bytes) -> Claims:
    """Decode the claims; raises :class:`InvalidToken` with the first claim that is missing or of a wrong type."""
    try:
        return msgspec.json.decode(payload, type=Claims)
    except msgspec.ValidationError as error:
        named = _NAMED_CLAIM.search(str(error))
        claim = named[1] or named[2] if named else "payload"
        raise InvalidToken(claim, FORMATS.get(claim, "must be a JSON object")) from None
    except (ValueError, RecursionError):
        raise InvalidToken("payload", "must be a JSON object") from None


# At the end of msgspec's message; it names only members of the struct.
_NAMED_CLAIM = re.compile(r"(?:missing required field `(\w+)`| - at `\$\.(\w+)[^`]*`)$")
_NUMBER = "must be a number of seconds since 1970 (RFC 7519, section 2)"
FORMATS = {
    "sub": "must be a string of 1 to 255 characters (RFC 7519, section 4.1.2)",
    "exp": _NUMBER,
    "nbf": _NUMBER,
    "iat": _NUMBER,
    "aud": "must be a string or a list of strings (RFC 7519, section 4.1.3)",
    "iss": "must be a string (RFC 7519, section 4.1.1)",
}


def _check(claims: Claims, site: Site) -> None:
    """Check the claims' subject, audience, issuer and times; raises :class:`InvalidToken`."""
    now, leeway = clock.now().timestamp(), LEEWAY.total_seconds()
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    settings = site.settings
    if not 1 <= len(claims.sub) <= 255:
        raise InvalidToken("sub", FORMATS["sub"])
    if (settings.jwt_audience or site.slug) not in audiences:
        raise InvalidToken("aud", "does not name this site")
    if settings.jwt_issuer not in {None, claims.iss}:
        raise InvalidToken("iss", "is not the site's issuer")
    if now >= claims.exp + leeway:
        raise InvalidToken("exp", "has passed")
    if claims.nbf is not None and claims.nbf > now + leeway:
        raise InvalidToken("nbf", "is in the future")


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
