"""Moderator sessions: stored on the server, so ending one takes effect at once.

A token is ``session_`` and 256 random bits in base64url. The database stores only its SHA-256, which finds the row, so
a leaked database does not let anyone in. A session ends :data:`SESSION_LIFETIME` after it began, and when it was not
used for :data:`IDLE_LIFETIME`. Requests only buffer the time of the last use; the sweep writes it.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.model import ModeratorRow, SecondFactorRow, SessionRow
from service.platform.sites.sections import Sections, decode_sections
from service.platform.storage.engine import Database

PREFIX = "session_"
SESSION_LIFETIME = timedelta(hours=12)
IDLE_LIFETIME = timedelta(hours=2)
WRITING_DELAY = timedelta(minutes=5)  # other processes may not have written the last uses yet
MAX_USER_AGENT = 300
Method = Literal["password", "oidc", "token"]


class Session(NamedTuple):
    """A logged-in moderator; ``sections`` are those to which they are limited, None for no limit."""

    id: bytes
    expires_at: datetime
    moderator_id: str
    site_id: int
    name: str
    role: Literal["moderator", "admin"]
    sections: Sections
    method: Method
    has_second_factor: bool


class ListedSession(NamedTuple):
    """A session as its moderator sees it; ``user_agent`` is what the browser calls itself."""

    id: bytes
    method: Method
    user_agent: str | None
    created_at: datetime
    last_used_at: datetime


async def begin_session(
    connection: AsyncConnection, moderator_id: str, *, method: Method = "password", user_agent: str | None = None
) -> str:
    """Create a session and return its token, which can't be read again."""
    token, now = PREFIX + secrets.token_urlsafe(32), clock.now()
    values = {"id": hash_of(token), "moderator_id": moderator_id, "method": method}
    times = {"created_at": now, "last_used_at": now, "expires_at": now + SESSION_LIFETIME}
    agent = (user_agent or "")[:MAX_USER_AGENT].replace("\0", "") or None
    await connection.execute(insert(SessionRow).values(**values, **times, user_agent=agent))
    return token


async def read_session(
    connection: AsyncConnection, token: str, *, last_used_at: datetime | None = None
) -> Session | None:
    """Return the session of ``token``; None if it has ended or its moderator was removed.

    ``last_used_at`` is the last use that this process knows and may not have written yet.
    """
    now = clock.now()
    is_active = SessionRow.expires_at > now, ModeratorRow.removed_at.is_(None)
    row = (await connection.execute(_SESSIONS.where(SessionRow.id == hash_of(token), *is_active))).one_or_none()
    if row is None or max(row.used_at, last_used_at or row.used_at) <= now - IDLE_LIFETIME:
        return None
    *columns, has_second_factor, _ = row
    return Session._make([*columns, has_second_factor is not None])._replace(sections=decode_sections(row.sections))


_USED_AT = func.coalesce(SessionRow.last_used_at, SessionRow.created_at)
_SESSIONS = (
    select(
        SessionRow.id,
        SessionRow.expires_at,
        SessionRow.moderator_id,
        ModeratorRow.site_id,
        ModeratorRow.name,
        ModeratorRow.role,
        ModeratorRow.sections,
        SessionRow.method,
        SecondFactorRow.moderator_id.label("has_second_factor"),
        _USED_AT.label("used_at"),
    )
    .join(ModeratorRow, ModeratorRow.id == SessionRow.moderator_id)
    .outerjoin(SecondFactorRow, SecondFactorRow.moderator_id == SessionRow.moderator_id)
)


async def list_sessions(connection: AsyncConnection, moderator_id: str) -> list[ListedSession]:
    """List the sessions of a moderator that last, the one used last first."""
    now = clock.now()
    statement = select(
        SessionRow.id, SessionRow.method, SessionRow.user_agent, SessionRow.created_at, _USED_AT.label("used_at")
    ).where(SessionRow.moderator_id == moderator_id, SessionRow.expires_at > now, now - IDLE_LIFETIME < _USED_AT)
    rows = await connection.execute(statement.order_by(_USED_AT.desc(), SessionRow.id))
    return [ListedSession._make(row) for row in rows]


async def end_session(connection: AsyncConnection, session_id: bytes) -> None:
    """End a session."""
    await connection.execute(delete(SessionRow).where(SessionRow.id == session_id))


async def end_session_of_token(connection: AsyncConnection, token: str) -> None:
    """End the session of ``token``, if there is one."""
    await end_session(connection, hash_of(token))


async def end_sessions_of(connection: AsyncConnection, moderator_id: str, *, but: bytes | None = None) -> None:
    """End all sessions of a moderator, ``but`` that with this id."""
    statement = delete(SessionRow).where(SessionRow.moderator_id == moderator_id)
    await connection.execute(statement if but is None else statement.where(SessionRow.id != but))


async def end_own_session(connection: AsyncConnection, moderator_id: str, session_id: bytes) -> bool:
    """End a session if it is one of this moderator; return whether it was."""
    own = SessionRow.id == session_id, SessionRow.moderator_id == moderator_id
    return (await connection.execute(delete(SessionRow).where(*own))).rowcount == 1


async def prune_sessions(connection: AsyncConnection, *, now: datetime) -> None:
    """Prune the sessions that have expired by ``now``, and those that were idle for too long."""
    is_idle = now - IDLE_LIFETIME - WRITING_DELAY >= _USED_AT
    await connection.execute(delete(SessionRow).where(or_(SessionRow.expires_at <= now, is_idle)))


class Sessions:
    """Checks sessions, and buffers times of use until :meth:`write_last_seen` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last_seen: dict[str, datetime] = {}
        self._last_used: dict[bytes, datetime] = {}

    async def check(self, token: str, *, counts_as_use: bool = True) -> Session | None:
        """Return the session of ``token``, or None; one database read.

        What a page asks for by itself is not use, so an abandoned page does not keep a session alive.
        """
        last_used_at = self._last_used.get(hash_of(token))
        async with self._database.read() as connection:
            session = await read_session(connection, token, last_used_at=last_used_at)
        if session and counts_as_use:
            self._last_seen[session.moderator_id] = self._last_used[session.id] = clock.now()
        return session

    async def write_last_seen(self) -> None:
        """Write the buffered times, in one statement for moderators and one for sessions.

        They stay buffered if that fails.
        """
        seen, self._last_seen = self._last_seen, {}
        used, self._last_used = self._last_used, {}
        if not seen:
            return
        moderators = [{"row_id": moderator_id, "at": at} for moderator_id, at in sorted(seen.items())]
        sessions = [{"row_id": session_id, "at": at} for session_id, at in sorted(used.items())]
        try:
            async with self._database.write() as connection:
                await connection.execute(_SEEN, moderators)
                await connection.execute(_USED, sessions)
        except BaseException:
            self._last_seen, self._last_used = seen | self._last_seen, used | self._last_used
            raise


_SEEN = update(ModeratorRow).where(ModeratorRow.id == bindparam("row_id")).values(last_seen_at=bindparam("at"))
_USED = (
    update(SessionRow)
    .where(
        SessionRow.id == bindparam("row_id"),
        or_(SessionRow.last_used_at.is_(None), SessionRow.last_used_at < bindparam("at")),
    )
    .values(last_used_at=bindparam("at"))
)


def hash_of(token: str) -> bytes:
    """The hash of a random token under which its row is stored."""
    return hashlib.sha256(token.encode()).digest()
