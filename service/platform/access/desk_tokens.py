"""Desk tokens: JWTs (RFC 7519) by which the host's system signs a moderator in to the desk that it frames or links to.

They are signed as host tokens are, but for an audience of their own, so no reader's token opens the desk. A token lasts
at most :data:`MAX_LIFETIME` and signs in once: its ``jti`` is stored until it expires.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal, NamedTuple

import msgspec
import structlog
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.external_accounts import ExternalIdentity
from service.platform.access.host_tokens import HostTokens
from service.platform.access.model import UsedTokenRow
from service.platform.access.signed_jwt import (
    LEEWAY,
    InvalidToken,
    check_audience,
    check_subject,
    check_times,
    decode_claims,
)
from service.platform.problems import Unauthenticated
from service.platform.sites.sections import MAX_SECTIONS
from service.platform.sites.site_lookup import Site

MAX_LIFETIME = timedelta(minutes=5)
ISSUER = "host-token"  # of the accounts; no URL, so no OpenID provider has it

log = structlog.get_logger("onereply.desk_tokens")


class DeskTokenRefused(Unauthenticated):
    """The token is invalid or was used; the log names the claim."""

    status: ClassVar[int] = 401
    slug = "desk-token-refused"


class DeskClaims(msgspec.Struct):
    """The claims of a desk token."""

    sub: str
    exp: float
    aud: str | list[str]
    jti: str
    role: Literal["moderator", "admin"]
    name: str
    sections: list[str] | None = None
    nbf: float | None = None
    iss: str | None = None


class DeskToken(NamedTuple):
    """Whom a token signs in, and what is stored of it until it expires."""

    identity: ExternalIdentity
    hash: bytes
    expires_at: datetime


async def read_desk_token(host_tokens: HostTokens, site: Site, token: str) -> DeskToken:
    """Verify a token; raises :class:`DeskTokenRefused`, or Busy if the host's keys can't be fetched."""
    try:
        claims = decode_claims(await host_tokens.verify(site, token), DeskClaims)
        _check(claims, site)
    except InvalidToken as error:
        log.info("desk-token-refused", site=site.slug, part=error.part, reason=error.reason)
        raise DeskTokenRefused from None
    sections = None if claims.role == "admin" or claims.sections is None else tuple(claims.sections)
    identity = ExternalIdentity(ISSUER, claims.sub, claims.name, claims.role, sections)
    expires_at = datetime.fromtimestamp(claims.exp, UTC) + LEEWAY
    return DeskToken(identity, hashlib.sha256(claims.jti.encode("utf-8", "surrogatepass")).digest(), expires_at)


def audience_of(site: Site) -> str:
    """The audience of the site's desk tokens: that of its host tokens, and ``/desk``."""
    return f"{site.settings.jwt_audience or site.slug}/desk"


def _check(claims: DeskClaims, site: Site) -> None:
    check_subject(claims.sub)
    check_audience(claims.aud, audience_of(site), called="this site's desk")
    if site.settings.jwt_issuer not in {None, claims.iss}:
        raise InvalidToken("iss", "is not the site's issuer")
    check_times(claims.exp, claims.nbf)
    if claims.exp > (clock.now() + MAX_LIFETIME + LEEWAY).timestamp():
        raise InvalidToken("exp", "is more than five minutes away")
    if not 1 <= len(claims.jti) <= 255:
        raise InvalidToken("jti", "must be a string of 1 to 255 characters")
    if claims.sections is not None and not 1 <= len(claims.sections) <= MAX_SECTIONS:
        raise InvalidToken("sections", f"must be a list of 1 to {MAX_SECTIONS} sections")


async def use_desk_token(connection: AsyncConnection, site: Site, token: DeskToken) -> None:
    """Use a token up, as the first statement of a transaction; raises :class:`DeskTokenRefused` the second time."""
    values = {"site_id": site.id, "hash": token.hash, "expires_at": token.expires_at}
    try:
        await connection.execute(insert(UsedTokenRow).values(values))
    except IntegrityError:
        log.info("desk-token-refused", site=site.slug, part="jti", reason="was used before")
        raise DeskTokenRefused from None


async def prune_desk_tokens(connection: AsyncConnection, *, now: datetime) -> None:
    """Prune the used tokens that have expired by ``now``."""
    await connection.execute(delete(UsedTokenRow).where(UsedTokenRow.expires_at <= now))
