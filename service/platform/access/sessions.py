"""Moderators' sessions: begun by logging in, kept by the server, over at once when they are ended.

What proves one is ``session_`` and 256 random bits in base64url; a plain SHA-256 of it finds the row, so the database
holds nothing that lets anybody in.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.model import ModeratorRow, SessionRow
from service.platform.storage.engine import Database

PREFIX = "session_"
LASTS = timedelta(hours=12)


class Session(NamedTuple):
    """A moderator who is logged in."""

    id: bytes
    expires_at: datetime
    moderator_id: str
    site_id: int
    name: str
    role: Literal["moderator", "admin"]


async def begin_session(connection: AsyncConnection, moderator_id: str) -> str:
    """Begin a session that lasts for :data:`LASTS` and return what proves it; that can't be read again."""
    token, now = PREFIX + secrets.token_urlsafe(32), clock.now()
    values = {"id": _hash(token), "moderator_id": moderator_id, "created_at": now, "expires_at": now + LASTS}
    await connection.execute(insert(SessionRow).values(values))
    return token


async def read_session(connection: AsyncConnection, token: str) -> Session | None:
    """The session that ``token`` proves, unless it is over or its moderator removed."""
    there = SessionRow.expires_at > clock.now(), ModeratorRow.removed_at.is_(None)
    row = (await connection.execute(_SESSIONS.where(SessionRow.id == _hash(token), *there))).one_or_none()
    return Session._make(row) if row else None


_SESSIONS = select(
    SessionRow.id,
    SessionRow.expires_at,
    SessionRow.moderator_id,
    ModeratorRow.site_id,
    ModeratorRow.name,
    ModeratorRow.role,
).join(ModeratorRow, ModeratorRow.id == SessionRow.moderator_id)


async def end_session(connection: AsyncConnection, session_id: bytes) -> None:
    """Have a session be over from now on."""
    await connection.execute(delete(SessionRow).where(SessionRow.id == session_id))


async def end_sessions_of(connection: AsyncConnection, moderator_id: str) -> None:
    """Have all sessions of a moderator be over from now on."""
    await connection.execute(delete(SessionRow).where(SessionRow.moderator_id == moderator_id))


async def forget_expired_sessions(connection: AsyncConnection, *, now: datetime) -> None:
    """Delete the sessions that are over by ``now``; they let nobody in anyway."""
    await connection.execute(delete(SessionRow).where(SessionRow.expires_at <= now))


class Sessions:
    """Checks sessions, and remembers when each moderator was last seen until that is written down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, datetime] = {}

    async def check(self, token: str) -> Session | None:
        """The session that ``token`` proves, or None; one read."""
        async with self._database.read() as connection:
            session = await read_session(connection, token)
        if session:
            self._seen[session.moderator_id] = clock.now()
        return session

    async def note_seen(self) -> None:
        """Write down when moderators were last seen: one statement for all of them since the last time."""
        seen, self._seen = self._seen, {}
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
            self._seen = seen | self._seen
            raise


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
