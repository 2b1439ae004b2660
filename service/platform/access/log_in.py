"""Log moderators in: check name and password, then the code of a second factor, limit attempts, and create a session.

*Why a site can't set these limits*: they protect accounts and do not manage load. An attempt counts before its password
is checked, so that 1,000 concurrent requests are not 1,000 guesses. A correct password resets the counts of its name.

*Why not per name alone*: five wrong passwords from anywhere would lock a moderator out. A name is limited per address,
and as a whole far above what a person types. A device that logged in before has a limit of its own instead.

*Why codes have a limit per account*: whoever guesses them knows the password, so the limit locks nobody else out. With
30 codes a day, a guess succeeds once in 30 years.
"""

from collections.abc import Callable
from typing import ClassVar

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.model import ModeratorRow
from service.platform.access.moderator_accounts import Account, find_account, find_account_by_id, fold_name
from service.platform.access.passwords import Passwords
from service.platform.access.rate_limits import RateLimits
from service.platform.access.second_factors import SecondFactorRequired, SecondFactors, has_second_factor
from service.platform.access.sessions import Session, begin_session, read_session
from service.platform.problems import Translated, Unauthenticated
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database

PER_ADDRESS, PER_NAME, PER_ACCOUNT = "10/minute 60/hour", "5/minute 20/hour", "100/hour"
PER_SECOND_FACTOR = "10/hour 30/day"
WRONG_CODE = Translated("wrong-code")


class InvalidCredentials(Unauthenticated):
    """The name or the password is wrong; the answer does not say which."""

    status: ClassVar[int] = 401
    slug = "invalid-credentials"


async def check_password(
    database: Database,
    site: Site,
    *,
    passwords: Passwords,
    limits: RateLimits,
    name: str,
    password: str,
    address: str | None,
    device_of: Callable[[Account], str | None] = lambda _: None,
) -> Account:
    """Return the account of the moderator ``name`` if ``password`` is right.

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
    if not passwords.is_outdated(account.password_hash):
        return account
    renewed = account._replace(password_hash=await passwords.hash(password))
    async with database.write() as connection:
        await _lock_unchanged(connection, account, password_hash=renewed.password_hash)
    return renewed


async def check_own_password(
    database: Database, site: Site, *, passwords: Passwords, limits: RateLimits, session: Session, password: str
) -> None:
    """Check the password of a moderator who is logged in, with a limit of their own on attempts.

    Raises :class:`RateLimited`, :class:`InvalidCredentials` or :class:`Busy`.
    """
    await limits.count("own-passwords-per-account", PER_NAME, site, session.moderator_id)
    async with database.read() as connection:
        account = await find_account_by_id(connection, site.id, session.moderator_id)
    if account is None or not await passwords.check(password, account.password_hash):
        raise InvalidCredentials
    await limits.reset("own-passwords-per-account", PER_NAME, site, session.moderator_id)


async def log_in(
    database: Database,
    site: Site,
    account: Account,
    *,
    limits: RateLimits,
    second_factors: SecondFactors,
    code: str | None,
    user_agent: str | None,
) -> tuple[str, Session]:
    """Log in to an ``account`` whose password was right. Returns the session's token and the session.

    Raises :class:`SecondFactorRequired`, :class:`RateLimited` or :class:`InvalidCredentials`.
    """
    if code is not None:
        await limits.count("second-factors-per-account", PER_SECOND_FACTOR, site, account.id)
    async with database.write() as connection:
        await _lock_unchanged(connection, account, password_hash=account.password_hash)
        if await has_second_factor(connection, account.id):
            if code is None:
                raise SecondFactorRequired
            if not await second_factors.use_code(connection, account.id, code):
                raise SecondFactorRequired(WRONG_CODE)
        token = await begin_session(connection, account.id, user_agent=user_agent)
        session = await read_session(connection, token)
    assert session
    if code is not None:
        await limits.reset("second-factors-per-account", PER_SECOND_FACTOR, site, account.id)
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


async def _lock_unchanged(connection: AsyncConnection, account: Account, *, password_hash: str) -> None:
    """Lock the account, and store its ``password_hash`` and the time of this log-in.

    Raises :class:`InvalidCredentials` if the account was removed or its password changed since it was read.
    """
    unchanged = ModeratorRow.password_hash == account.password_hash, ModeratorRow.removed_at.is_(None)
    statement = update(ModeratorRow).where(ModeratorRow.id == account.id, *unchanged)
    updated = await connection.execute(statement.values(last_seen_at=clock.now(), password_hash=password_hash))
    if updated.rowcount == 0:
        raise InvalidCredentials
