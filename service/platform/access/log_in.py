"""Log moderators in: check name and password, limit attempts, and create a session.

*Why a site can't set these limits*: they protect accounts and do not manage load. An attempt counts before its password
is checked, so that 1,000 concurrent requests are not 1,000 guesses. A correct password resets the counts of its name.

*Why not per name alone*: five wrong passwords from anywhere would lock a moderator out. A name is limited per address,
and as a whole far above what a person types. A device that logged in before has a limit of its own instead.
"""

from collections.abc import Callable
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

PER_ADDRESS, PER_NAME, PER_ACCOUNT = "10/minute 60/hour", "5/minute 20/hour", "100/hour"


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
    device_of: Callable[[Account], str | None] = lambda _: None,
) -> tuple[str, Session]:
    """Log the moderator ``name`` in. Returns the session's token and the session.

    ``device_of`` returns the id of the client's device if it has logged in to the account before.
    Raises :class:`RateLimited`, :class:`InvalidCredentials` or :class:`Busy`.
    """
    async with database.read() as connection:
        account = await find_account(connection, site.id, name)
    counted = _counted(name, address=address, device=device_of(account) if account else None)
    for policy, (rates, client) in counted.items():
        await limits.count(policy, rates, site, client)
    matches = await passwords.check(password, account.password_hash if account else None)
    if account is None or not matches:
        raise InvalidCredentials
    for policy, (rates, client) in counted.items():
        if policy != "logins-per-address":
            await limits.reset(policy, rates, site, client)
    outdated = passwords.is_outdated(account.password_hash)
    password_hash = await passwords.hash(password) if outdated else account.password_hash
    async with database.write() as connection:
        await _record_log_in(connection, account, password_hash=password_hash)
        token = await begin_session(connection, account.id)
        session = await read_session(connection, token)
    assert session
    return token, session


def _counted(name: str, *, address: str | None, device: str | None) -> dict[str, tuple[str, str]]:
    """The rates and the client of each policy by which an attempt is counted."""
    if device:
        return {"logins-per-device": (PER_NAME, device)}
    folded = fold_name(name)
    per_address = {"logins-per-address": (PER_ADDRESS, address)} if address else {}
    return {
        **per_address,
        "logins-per-name": (PER_NAME, f"{address} {folded}"),
        "logins-per-account": (PER_ACCOUNT, folded),
    }


async def _record_log_in(connection: AsyncConnection, account: Account, *, password_hash: str) -> None:
    """Lock the account, and store its ``password_hash`` and the time of this log-in.

    Raises :class:`InvalidCredentials` if the account was removed or its password changed since it was read.
    """
    unchanged = ModeratorRow.password_hash == account.password_hash, ModeratorRow.removed_at.is_(None)
    statement = update(ModeratorRow).where(ModeratorRow.id == account.id, *unchanged)
    updated = await connection.execute(statement.values(last_seen_at=clock.now(), password_hash=password_hash))
    if updated.rowcount == 0:
        raise InvalidCredentials
