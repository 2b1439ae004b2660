"""Logging in: a name and a password become a session, and whoever tries too often has to wait.

*Why these limits are no setting of a site*: they guard accounts, not load. Tries are counted before a password is
looked at, so that a thousand at once are not a thousand guesses; a name's are forgotten when its password was right.
"""

from typing import ClassVar

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.model import ModeratorRow
from service.platform.access.moderator_accounts import Account, find_account, fold_name
from service.platform.access.passwords import Passwords
from service.platform.access.rate_limits import RateLimits
from service.platform.access.sessions import Session, begin_session, read_session
from service.platform.problems import Unauthenticated
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database

PER_ADDRESS, PER_NAME = "10/minute 60/hour", "5/minute 20/hour"


class InvalidCredentials(Unauthenticated):
    """The name or the password is not right; which of them is not told."""

    status: ClassVar[int] = 401
    slug = "invalid-credentials"


async def log_in(
    database: Database,
    site: Site,
    *,
    passwords: Passwords,
    limits: RateLimits,
    name: str,
    password: str,
    address: str | None,
) -> tuple[str, Session]:
    """What proves a new session of the moderator called ``name``, and the session.

    Raises :class:`RateLimited`, :class:`InvalidCredentials` or :class:`Busy`.
    """
    if address:
        limits.count("logins-per-address", PER_ADDRESS, site, address)
    limits.count("logins-per-name", PER_NAME, site, fold_name(name))
    async with database.read() as connection:
        account = await find_account(connection, site.id, name)
    fits = await passwords.check(password, account.password_hash if account else None)
    if account is None or not fits:
        raise InvalidCredentials
    limits.forget("logins-per-name", PER_NAME, site, fold_name(name))
    outdated = passwords.is_outdated(account.password_hash)
    kept = await passwords.hash(password) if outdated else account.password_hash
    async with database.write() as connection:
        await _see(connection, account, kept=kept)
        token = await begin_session(connection, account.id)
        session = await read_session(connection, token)
    assert session
    return token, session


async def _see(connection: AsyncConnection, account: Account, *, kept: str) -> None:
    """Lock the account and keep its password as ``kept``.

    Raises :class:`InvalidCredentials` where it was removed, or its password changed, while the old one was looked at.
    """
    as_it_was = ModeratorRow.password_hash == account.password_hash, ModeratorRow.removed_at.is_(None)
    statement = update(ModeratorRow).where(ModeratorRow.id == account.id, *as_it_was)
    seen = await connection.execute(statement.values(last_seen_at=clock.now(), password_hash=kept))
    if seen.rowcount == 0:
        raise InvalidCredentials
