"""A site's secrets: for host tokens, for signatures of article events and of screening, and those of Akismet and OIDC.

They are stored sealed (``storage/seal.py``). Setting or removing one increments the site's revision, so each process
uses the new secret within a second, as it does new settings.
"""

from datetime import datetime

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.sites.model import SecretName, SecretRow, SiteRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.seal import Seal, UnsealError

# RFC 7518, section 3.2: an HS256 key has at least as many bits as the hash. A webhook secret has at least 24 bytes, in
# base64.
MIN_LENGTHS: dict[SecretName, int] = {
    "host-token": 32,
    "akismet-key": 1,
    "article-webhooks": 38,
    "screening-webhook": 38,
    "oidc-client": 1,
}
MAX_LENGTH = 1_000
# A secret is encrypted for its site and name. A renamed secret keeps its first name here, because stored secrets are
# not encrypted again.
FIRST_NAMES: dict[SecretName, str] = {"article-webhooks": "article-hooks"}

log = structlog.get_logger("onereply.secrets")


class InvalidSecret(Exception):
    """The secret is invalid; the message is one line for the operator, without the secret."""


async def set_secret(connection: AsyncConnection, site: Site, name: SecretName, text: str, *, secret_key: str) -> None:
    """Store ``text`` as the secret ``name`` of ``site``, replacing any other; raises :class:`InvalidSecret`."""
    await _store(connection, site, name, text, seal=_seal(secret_key))


async def remove_secret(connection: AsyncConnection, site: Site, name: SecretName) -> bool:
    """Delete a secret. Returns whether it existed."""
    removal = delete(SecretRow).where(SecretRow.site_id == site.id, SecretRow.name == name)
    removed = (await connection.execute(removal)).rowcount == 1
    # The site's row is the log head, so it is locked last, as everywhere.
    await connection.execute(update(SiteRow).where(SiteRow.id == site.id).values(revision=SiteRow.revision + 1))
    return removed


async def list_secrets(connection: AsyncConnection, site: Site) -> dict[str, datetime]:
    """The names of the secrets that are set at ``site``, and since when."""
    rows = await connection.execute(select(SecretRow.name, SecretRow.created_at).where(SecretRow.site_id == site.id))
    return {row.name: row.created_at for row in rows}


class Secrets:
    """The sites' secrets in plain text, cached until the site's revision changes."""

    def __init__(self, database: Database, secret_key: str) -> None:
        self._database = database
        self._seal = _seal(secret_key)
        self._cached: dict[tuple[int, SecretName], tuple[int, str | None]] = {}

    async def find(self, site: Site, name: SecretName) -> str | None:
        """The secret ``name`` of ``site``; None if it is not set or the secret key can't open it."""
        revision, secret = self._cached.get((site.id, name), (None, None))
        if revision == site.revision:
            return secret
        statement = select(SecretRow.sealed).where(SecretRow.site_id == site.id, SecretRow.name == name)
        async with self._database.read() as connection:
            sealed = await connection.scalar(statement)
        secret = None if sealed is None else self._unseal(sealed, site, name)
        self._cached[site.id, name] = site.revision, secret
        return secret

    async def store(self, connection: AsyncConnection, site: Site, name: SecretName, text: str) -> None:
        """Store ``text`` as the secret ``name`` of ``site``, replacing any other; raises :class:`InvalidSecret`."""
        await _store(connection, site, name, text, seal=self._seal)

    def _unseal(self, sealed: bytes, site: Site, name: SecretName) -> str | None:
        try:
            return self._seal.open(sealed, about=_about(site, name))
        except UnsealError:
            log.error(
                "secret-unreadable",
                site=site.slug,
                name=name,
                hint="ONEREPLY_SECRET_KEY has changed; set the secret again with “onereply site secret”",
            )
            return None


async def _store(connection: AsyncConnection, site: Site, name: SecretName, text: str, *, seal: Seal) -> None:
    if not MIN_LENGTHS[name] <= len(text) <= MAX_LENGTH or not text.isprintable():
        raise InvalidSecret(
            f"The secret “{name}” must be one line of {MIN_LENGTHS[name]} to {MAX_LENGTH:,} characters."
        )
    await remove_secret(connection, site, name)
    sealed = seal.close(text, about=_about(site, name))
    values = {"site_id": site.id, "name": name, "sealed": sealed, "created_at": clock.now()}
    await connection.execute(insert(SecretRow).values(values))


def _seal(secret_key: str) -> Seal:
    return Seal(secret_key, purpose="site secrets")


def _about(site: Site, name: SecretName) -> str:
    return f"{site.id} {FIRST_NAMES.get(name, name)}"
