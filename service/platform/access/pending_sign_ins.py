"""Sign-ins that a provider has not answered yet, with the form that waits for them, stored sealed.

The browser has a random token for each in a cookie; the database has only its hash. The ``state`` that travels through
the provider (RFC 6749, section 10.12) is derived from the token, so another browser's answer does not fit.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.model import PendingSignInRow
from service.platform.access.oidc_provider import OidcAttempt
from service.platform.access.sessions import hash_of
from service.platform.sites.site_lookup import Site
from service.platform.storage.seal import Seal, UnsealError

LIFETIME = timedelta(hours=1)


class PendingSignIn(msgspec.Struct, frozen=True):
    """The ``attempt``, the page to go on to, and the fields of the form that was sent without a session."""

    attempt: OidcAttempt
    next_path: str
    kept: list[tuple[str, str]]


def make_token() -> str:
    """Make the browser's token of a sign-in."""
    return secrets.token_urlsafe(32)


def state_of(token: str) -> str:
    """The state that belongs to the browser's token, which it does not disclose."""
    return urlsafe_b64encode(hashlib.sha256(b"state " + token.encode()).digest()).rstrip(b"=").decode()


async def store_sign_in(
    connection: AsyncConnection, site: Site, token: str, pending: PendingSignIn, *, seal: Seal
) -> None:
    """Store a sign-in for :data:`LIFETIME`."""
    sealed = seal.close(msgspec.json.encode(pending).decode(), about=_about(site))
    expires_at = clock.now() + LIFETIME
    values = {"id": hash_of(token), "site_id": site.id, "sealed": sealed, "expires_at": expires_at}
    await connection.execute(insert(PendingSignInRow).values(values))


async def take_sign_in(connection: AsyncConnection, site: Site, token: str, *, seal: Seal) -> PendingSignIn | None:
    """Return a sign-in once, and delete it; None if there is none of this site that lasts."""
    own = PendingSignInRow.id == hash_of(token), PendingSignInRow.site_id == site.id
    is_active = PendingSignInRow.expires_at > clock.now()
    sealed = await connection.scalar(select(PendingSignInRow.sealed).where(*own, is_active).with_for_update())
    if sealed is None:
        return None
    await connection.execute(delete(PendingSignInRow).where(*own))
    try:
        return msgspec.json.decode(seal.open(sealed, about=_about(site)), type=PendingSignIn)
    except UnsealError:
        return None


async def prune_sign_ins(connection: AsyncConnection, *, now: datetime) -> None:
    """Prune the sign-ins that have expired by ``now``."""
    await connection.execute(delete(PendingSignInRow).where(PendingSignInRow.expires_at <= now))


def _about(site: Site) -> str:
    return f"pending {site.id}"
