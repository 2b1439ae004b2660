"""Changes of a site's API keys and moderators' accounts, each recorded in the decision log with who made it.

The log names the key or account and what changed, never a secret. The API and the commands both change access here.
"""

from typing import NamedTuple

from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.api_keys import Role, add_key, revoke_key
from service.platform.access.moderator_accounts import (
    ModeratorRole,
    add_moderator,
    change_password,
    change_sections,
    find_account,
    remove_moderator,
    set_role,
)
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.sites.sections import Sections
from service.platform.text.plain_text import clean_line


class AccountChange(NamedTuple):
    """What to change of an account; the rest stays. Sections of None lift the limit."""

    role: ModeratorRole | UnsetType = UNSET
    sections: Sections | UnsetType = UNSET
    password_hash: str | UnsetType = UNSET


async def create_key(connection: AsyncConnection, site_id: int, role: Role, *, by: Actor) -> str:
    """Add a key to a site and return it; it can't be read again."""
    key = await add_key(connection, site_id, role)
    await _record(connection, site_id, "add-key", f"{key.split('_')[1]} ({role})", by=by)
    return key


async def end_key(connection: AsyncConnection, site_id: int, key_id: str, *, by: Actor) -> bool:
    """Revoke a key. Returns False if there is no such key or it is already revoked; raises LastAdmin."""
    if not await revoke_key(connection, site_id, key_id):
        return False
    await _record(connection, site_id, "revoke-key", key_id, by=by)
    return True


async def create_account(
    connection: AsyncConnection,
    site_id: int,
    name: str,
    *,
    role: ModeratorRole,
    sections: Sections,
    password_hash: str,
    by: Actor,
) -> str:
    """Add a moderator's account and return its id; raises InvalidModerator."""
    moderator_id = await add_moderator(
        connection, site_id, name, role=role, sections=sections, password_hash=password_hash
    )
    await _record(connection, site_id, "add-moderator", f"{clean_line(name)} ({role})", by=by)
    return moderator_id


async def change_account(
    connection: AsyncConnection,
    site_id: int,
    name: str,
    change: AccountChange,
    *,
    by: Actor,
    keeping: bytes | None = None,
) -> None:
    """Change an account's role, sections or password; raises InvalidModerator, or LastAdmin for the only admin.

    A new password ends its sessions, ``keeping`` the one with this id.
    """
    changed = []
    if change.role is not UNSET:
        await set_role(connection, site_id, name, role=change.role)
        changed.append("role")
    if change.sections is not UNSET:
        await change_sections(connection, site_id, name, sections=change.sections)
        changed.append("sections")
    if change.password_hash is not UNSET:
        await change_password(connection, site_id, name, password_hash=change.password_hash, keeping=keeping)
        changed.append("password")
    if changed:
        await record_account_change(connection, site_id, name, ", ".join(changed), by=by)


async def record_account_change(connection: AsyncConnection, site_id: int, name: str, what: str, *, by: Actor) -> None:
    """Record that ``what`` of the account called ``name`` was changed, such as its second factor."""
    about = f"{await _own_name(connection, site_id, name)}: {what}"
    await _record(connection, site_id, "change-moderator", about, by=by)


async def remove_account(connection: AsyncConnection, site_id: int, name: str, *, by: Actor) -> None:
    """Remove an account and end its sessions; raises InvalidModerator, or LastAdmin for the only admin."""
    own_name = await _own_name(connection, site_id, name)
    await remove_moderator(connection, site_id, name)
    await _record(connection, site_id, "remove-moderator", own_name, by=by)


async def _own_name(connection: AsyncConnection, site_id: int, name: str) -> str:
    """Return how the account called ``name`` spells it."""
    account = await find_account(connection, site_id, name)
    return account.name if account else clean_line(name)


async def _record(connection: AsyncConnection, site_id: int, action: str, about: str, *, by: Actor) -> None:
    await record_decisions(connection, [NewDecision(site_id, action, by, reason=about)], now=clock.now())
