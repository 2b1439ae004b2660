"""The secrets of a site: what its host signs tokens and news of its articles with, and its key to Akismet.

They are kept sealed (``storage/seal.py``). Setting or removing one moves the site's revision, so each process
follows as it follows the site's settings, within a second.
"""

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.sites.model import SecretName, SecretRow, SiteRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.seal import Seal, Unopenable

# RFC 7518, section 3.2: a key for HS256 has as many bits as its hash at least. Of webhooks 24 bytes, in base64.
SHORTEST: dict[SecretName, int] = {"host-token": 32, "akismet-key": 1, "article-hooks": 38}
LONGEST = 1_000

log = structlog.get_logger("onereply.secrets")


class InvalidSecret(Exception):
    """A secret can't be so; the message is one line, without the secret, for whoever runs the installation."""


async def set_secret(connection: AsyncConnection, site: Site, name: SecretName, text: str, *, secret_key: str) -> None:
    """Keep ``text`` as the secret ``name`` of ``site``, in place of the one before; raises :class:`InvalidSecret`."""
    if not SHORTEST[name] <= len(text) <= LONGEST or not text.isprintable():
        raise InvalidSecret(f"A secret “{name}” is one line of {SHORTEST[name]} to {LONGEST:,} characters.")
    await remove_secret(connection, site, name)
    sealed = _seal(secret_key).close(text, about=_about(site, name))
    values = {"site_id": site.id, "name": name, "sealed": sealed, "created_at": clock.now()}
    await connection.execute(insert(SecretRow).values(values))


async def remove_secret(connection: AsyncConnection, site: Site, name: SecretName) -> bool:
    """Forget a secret; whether there was one."""
    removal = delete(SecretRow).where(SecretRow.site_id == site.id, SecretRow.name == name)
    removed = (await connection.execute(removal)).rowcount == 1
    # The site's row, which is its log head, comes last, as everywhere.
    await connection.execute(update(SiteRow).where(SiteRow.id == site.id).values(revision=SiteRow.revision + 1))
    return removed


class Secrets:
    """The sites' secrets as they are used, opened once for each revision of a site."""

    def __init__(self, database: Database, secret_key: str) -> None:
        self._database = database
        self._seal = _seal(secret_key)
        self._opened: dict[tuple[int, SecretName], tuple[int, str | None]] = {}

    async def find(self, site: Site, name: SecretName) -> str | None:
        """The secret ``name`` of ``site``; None where it has none, or one that the secret key does not open."""
        revision, secret = self._opened.get((site.id, name), (None, None))
        if revision == site.revision:
            return secret
        statement = select(SecretRow.sealed).where(SecretRow.site_id == site.id, SecretRow.name == name)
        async with self._database.read() as connection:
            sealed = await connection.scalar(statement)
        secret = None if sealed is None else self._open(sealed, site, name)
        self._opened[site.id, name] = site.revision, secret
        return secret

    def _open(self, sealed: bytes, site: Site, name: SecretName) -> str | None:
        try:
            return self._seal.open(sealed, about=_about(site, name))
        except Unopenable:
            log.error(
                "secret-unopenable", site=site.slug, name=name, hint="ONEREPLY_SECRET_KEY has changed; set it anew"
            )
            return None


def _seal(secret_key: str) -> Seal:
    return Seal(secret_key, purpose="site secrets")


def _about(site: Site, name: SecretName) -> str:
    return f"{site.id} {name}"
