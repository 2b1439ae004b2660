"""API keys: shown once, stored as a hash, compared in constant time.

A key is ``ork_ID_SECRET``. The id finds the row. The secret has 256 random bits, so a plain SHA-256 is as safe as a
slow hash.
"""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.last_admin import require_another_admin
from service.platform.access.model import ApiKeyRow, is_younger
from service.platform.problems import NotFound
from service.platform.storage.engine import Database

PREFIX = "ork_"
Role = Literal["host", "moderator", "admin"]


class Key(NamedTuple):
    """An API key as stored and listed, without its secret."""

    id: str
    site_id: int
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


COLUMNS = tuple(getattr(ApiKeyRow, name) for name in Key._fields)


async def add_key(connection: AsyncConnection, site_id: int, role: Role) -> str:
    """Add a key to a site and return it; it can't be read again."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    values = {"id": key_id, "site_id": site_id, "role": role, "secret_hash": _hash(secret), "created_at": clock.now()}
    await connection.execute(insert(ApiKeyRow).values(values))
    return f"{PREFIX}{key_id}_{secret}"


async def find_key(connection: AsyncConnection, site_id: int, key_id: str) -> Key:
    """Return a key of a site, also if it is revoked; raises NotFound."""
    statement = select(*COLUMNS).where(ApiKeyRow.site_id == site_id, ApiKeyRow.id == key_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return Key(*row)


async def list_keys(
    connection: AsyncConnection, site_id: int, *, after: str | None = None, limit: int | None = None
) -> list[Key]:
    """List the keys of a site, oldest first, including revoked ones; at most ``limit`` after the id ``after``."""
    statement = select(*COLUMNS).where(ApiKeyRow.site_id == site_id).limit(limit)
    if after is not None:
        statement = statement.where(is_younger(ApiKeyRow, after))
    return [Key(*row) for row in await connection.execute(statement.order_by(ApiKeyRow.created_at, ApiKeyRow.id))]


async def revoke_key(connection: AsyncConnection, site_id: int, key_id: str) -> bool:
    """Revoke a key. Returns False if there is no such key or it is already revoked; raises LastAdmin."""
    await require_another_admin(connection, site_id, besides=key_id)
    statement = (
        update(ApiKeyRow)
        .where(ApiKeyRow.site_id == site_id, ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    return (await connection.execute(statement)).rowcount == 1


class Keys:
    """Checks keys, and buffers last-used times until :meth:`write_last_used` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last_used: dict[str, datetime] = {}

    async def check(self, token: str) -> Key | None:
        """Return the valid key for ``token``, or None."""
        key_id, _, secret = token.removeprefix(PREFIX).partition("_")
        async with self._database.read() as connection:
            statement = select(*COLUMNS, ApiKeyRow.secret_hash).where(ApiKeyRow.id == key_id)
            row = (await connection.execute(statement)).one_or_none()
        if not hmac.compare_digest(row.secret_hash if row else bytes(32), _hash(secret)):
            return None
        if row is None or row.revoked_at is not None:
            return None
        self._last_used[key_id] = clock.now()
        return Key(*row[:-1])

    async def write_last_used(self) -> None:
        """Write the buffered last-used times in one statement; they stay buffered if that fails."""
        used, self._last_used = self._last_used, {}
        if not used:
            return
        statement = (
            update(ApiKeyRow).where(ApiKeyRow.id == bindparam("used_id")).values(last_used_at=bindparam("used_at"))
        )
        rows = [{"used_id": key_id, "used_at": used_at} for key_id, used_at in sorted(used.items())]
        try:
            async with self._database.write() as connection:
                await connection.execute(statement, rows)
        except BaseException:
            self._last_used = used | self._last_used
            raise


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
