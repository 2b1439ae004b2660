"""Log moderators in: check name and password, limit attempts, and create a session.

*Why a site can't set these limits*: they protect accounts and do not manage load. An attempt counts before its password
is checked, so that 1,000 concurrent requests are not 1,000 guesses. A correct password resets the count of its name.
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
    """The name or the password is wrong; the answer does not say which."""

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
    """Log the moderator ``name`` in. Returns the session's token and the session.

    Raises :class:`RateLimited`, :class:`InvalidCredentials` or :class:`Busy`.
    """
    if address:
        await limits.count("logins-per-address", PER_ADDRESS, site, address)
    await limits.count("logins-per-name", PER_NAME, site, fold_name(name))
    async with database.read() as connection:
        account = await find_account(connection, site.id, name)
    matches = await passwords.check(password, account.password_hash if account else None)
    if account is None or not matches:
        raise InvalidCredentials
    await limits.reset("logins-per-name", PER_NAME, site, fold_name(name))
    outdated = passwords.is_outdated(account.password_hash)
    password_hash = await passwords.hash(password) if outdated else account.password_hash
    async with database.write() as connection:
        await _record_log_in(connection, account, password_hash=password_hash)
        token = await begin_session(connection, account.id)
        session = await read_session(connection, token)
    assert session
    return token, session


async def _record_log_in(connection: AsyncConnection, account: Account, *, password_hash: str) -> None:
    """Lock the account, and store its ``password_hash`` and the time of this log-in.

    Raises :class:`InvalidCredentials` if the account was removed or its password changed since it was read.
    """
    unchanged = ModeratorRow.password_hash == account.password_hash, ModeratorRow.removed_at.is_(None)
    statement = update(ModeratorRow).where(ModeratorRow.id == account.id, *unchanged)
    updated = await connection.execute(statement.values(last_seen_at=clock.now(), password_hash=password_hash))
    if updated.rowcount == 0:
        raise InvalidCredentials
