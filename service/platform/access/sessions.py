"""Moderator sessions: stored on the server, so ending one takes effect at once.

A token is ``session_`` and 256 random bits in base64url. The database stores only its SHA-256, which finds the row, so
a leaked database does not let anyone in.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.model import ModeratorRow, SessionRow
from service.platform.sites.sections import Sections, decode_sections
from service.platform.storage.engine import Database

PREFIX = "session_"
SESSION_LIFETIME = timedelta(hours=12)


class Session(NamedTuple):
    """A logged-in moderator; ``sections`` are those to which they are limited, None for no limit."""

    id: bytes
    expires_at: datetime
    moderator_id: str
    site_id: int
    name: str
    role: Literal["moderator", "admin"]
    sections: Sections


async def begin_session(connection: AsyncConnection, moderator_id: str) -> str:
    """Create a session that lasts :data:`SESSION_LIFETIME` and return its token, which can't be read again."""
    token, now = PREFIX + secrets.token_urlsafe(32), clock.now()
    values = {"id": _hash(token), "moderator_id": moderator_id, "created_at": now, "expires_at": now + SESSION_LIFETIME}
    await connection.execute(insert(SessionRow).values(values))
    return token


async def read_session(connection: AsyncConnection, token: str) -> Session | None:
    """Return the session of ``token``; None if it has ended or its moderator was removed."""
    is_active = SessionRow.expires_at > clock.now(), ModeratorRow.removed_at.is_(None)
    row = (await connection.execute(_SESSIONS.where(SessionRow.id == _hash(token), *is_active))).one_or_none()
    return Session._make(row)._replace(sections=decode_sections(row.sections)) if row else None


_SESSIONS = select(
    SessionRow.id,
    SessionRow.expires_at,
    SessionRow.moderator_id,
    ModeratorRow.site_id,
    ModeratorRow.name,
    ModeratorRow.role,
    ModeratorRow.sections,
).join(ModeratorRow, ModeratorRow.id == SessionRow.moderator_id)


async def end_session(connection: AsyncConnection, session_id: bytes) -> None:
    """End a session."""
    await connection.execute(delete(SessionRow).where(SessionRow.id == session_id))


async def end_session_of_token(connection: AsyncConnection, token: str) -> None:
    """End the session of ``token``, if there is one."""
    await end_session(connection, _hash(token))


async def end_sessions_of(connection: AsyncConnection, moderator_id: str) -> None:
    """End all sessions of a moderator."""
    await connection.execute(delete(SessionRow).where(SessionRow.moderator_id == moderator_id))


async def prune_sessions(connection: AsyncConnection, *, now: datetime) -> None:
    """Prune the sessions that have expired by ``now``."""
    await connection.execute(delete(SessionRow).where(SessionRow.expires_at <= now))


class Sessions:
    """Checks sessions, and buffers last-seen times until :meth:`write_last_seen` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last_seen: dict[str, datetime] = {}

    async def check(self, token: str) -> Session | None:
        """Return the session of ``token``, or None; one database read."""
        async with self._database.read() as connection:
            session = await read_session(connection, token)
        if session:
            self._last_seen[session.moderator_id] = clock.now()
        return session

    async def write_last_seen(self) -> None:
        """Write the buffered last-seen times in one statement; they stay buffered if that fails."""
        seen, self._last_seen = self._last_seen, {}
        if not seen:
            return
        statement = (
            update(ModeratorRow)
            .where(ModeratorRow.id == bindparam("seen_id"))
            .values(last_seen_at=bindparam("seen_at"))
        )
        rows = [{"seen_id": moderator_id, "seen_at": seen_at} for moderator_id, seen_at in sorted(seen.items())]
        try:
            async with self._database.write() as connection:
                await connection.execute(statement, rows)
        except BaseException:
            self._last_seen = seen | self._last_seen
            raise


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
