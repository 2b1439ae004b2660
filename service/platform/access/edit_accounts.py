"""Create and change moderators' accounts from a request, and log each change."""

import secrets

from msgspec import UNSET

from service.platform.access.manage_access import AccountChange, change_account, create_account
from service.platform.access.moderator_accounts import InvalidModerator, Moderator, find_moderator
from service.platform.access.passwords import InvalidPassword, Passwords, validate_password
from service.platform.access.wire import AccountChanges, AccountIn
from service.platform.events.record_decisions import Actor
from service.platform.problems import InvalidField
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database


async def add_account(
    database: Database, passwords: Passwords, site: Site, given: AccountIn, *, by: Actor
) -> tuple[Moderator, str | None]:
    """Create an account and return it, with its password if ``given`` has none and one was generated.

    Raises InvalidField, or Busy while too many passwords wait to be hashed.
    """
    password = given.password or secrets.token_urlsafe(18)
    password_hash = await _hash(passwords, password, name=given.name)
    async with database.write() as connection:
        try:
            moderator_id = await create_account(
                connection,
                site.id,
                given.name,
                role=given.role,
                sections=None if given.sections is None else tuple(given.sections),
                password_hash=password_hash,
                by=by,
            )
        except InvalidModerator as error:
            raise InvalidField(str(error), pointer="/sections" if "section" in str(error) else "/name") from None
        return await find_moderator(connection, site.id, moderator_id), None if given.password else password


async def edit_account(
    database: Database, passwords: Passwords, site: Site, moderator_id: str, changes: AccountChanges, *, by: Actor
) -> Moderator:
    """Apply ``changes`` to an account and return it; raises NotFound, InvalidField, LastAdmin or Busy."""
    async with database.read() as connection:
        name = (await find_moderator(connection, site.id, moderator_id)).name
    password_hash = await _hash(passwords, changes.password, name=name) if changes.password is not UNSET else UNSET
    sections = tuple(changes.sections) if isinstance(changes.sections, list) else changes.sections
    change = AccountChange(changes.role, sections, password_hash)
    async with database.write() as connection:
        await find_moderator(connection, site.id, moderator_id)
        try:
            await change_account(connection, site.id, name, change, by=by)
        except InvalidModerator as error:
            raise InvalidField(str(error), pointer="/sections") from None
        return await find_moderator(connection, site.id, moderator_id)


async def _hash(passwords: Passwords, password: str, *, name: str) -> str:
    """Return the hash of a new password; raises InvalidField, or Busy."""
    try:
        return await passwords.hash(validate_password(password, name=name))
    except InvalidPassword as error:
        raise InvalidField(str(error), pointer="/password") from None
