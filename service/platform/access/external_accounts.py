"""Accounts of moderators whom a provider vouches for: an OpenID provider, or the host's system.

An account is found by issuer and subject, never by name, so nobody gets another's account by calling themselves so. It
is made at the first sign-in. Role and sections follow the provider at each sign-in. The decision log has both, by the
moderator who signed in.
"""

from typing import ClassVar, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.manage_access import record_account_change
from service.platform.access.model import ModeratorRow
from service.platform.access.moderator_accounts import (
    MAX_NAME,
    InvalidModerator,
    ModeratorRole,
    add_moderator,
    encode_sections,
    find_account,
)
from service.platform.access.sessions import end_sessions_of
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.problems import Problem
from service.platform.sites.sections import Sections
from service.platform.text.article_ids import has_control
from service.platform.text.plain_text import clean_line, is_blank

MAX_SAME_NAME = 50


class AccountRefused(Problem):
    """The provider vouches for somebody who may not moderate here."""

    status: ClassVar[int] = 403
    slug = "account-refused"


class ExternalIdentity(NamedTuple):
    """Whom a provider vouches for, and what they may do; ``role`` is None if they may not moderate."""

    issuer: str
    subject: str
    name: str
    role: ModeratorRole | None
    sections: Sections = None


class ExternalAccount(NamedTuple):
    """The account of an identity, with the sections as stored."""

    id: str
    name: str
    role: str
    sections: str | None
    is_removed: bool


async def find_or_add_account(
    connection: AsyncConnection, site_id: int, identity: ExternalIdentity, *, password_hash: str
) -> str:
    """Return the id of the account of ``identity``, with its role of now; make the account at the first sign-in.

    ``password_hash`` is one that no password matches. Raises :class:`AccountRefused` for a removed account, or after
    the provider took the role away; that ends the sessions of the account.
    """
    if has_control(identity.subject):  # which no database stores alike
        raise AccountRefused
    account = await _find(connection, site_id, identity)
    if account and account.is_removed:
        raise AccountRefused
    if identity.role is None:
        raise AccountRefused
    try:
        if account is None:
            return await _add(connection, site_id, identity, password_hash=password_hash)
        sections = encode_sections(None if identity.role == "admin" else identity.sections)
    except InvalidModerator as error:
        raise AccountRefused(str(error)) from None
    values = {"role": identity.role, "sections": sections}
    updated = update(ModeratorRow).where(ModeratorRow.id == account.id).values(values | {"last_seen_at": clock.now()})
    await connection.execute(updated)
    if changed := [name for name, value in values.items() if value != getattr(account, name)]:
        by = Actor("moderator", account.id)
        await record_account_change(connection, site_id, account.name, ", ".join(changed), by=by)
    return account.id


async def end_sessions_without_role(connection: AsyncConnection, site_id: int, identity: ExternalIdentity) -> None:
    """End the sessions of somebody whom the provider gives no role any more."""
    if has_control(identity.subject):
        return
    account = await _find(connection, site_id, identity)
    if account and identity.role is None:
        await end_sessions_of(connection, account.id)


async def _find(connection: AsyncConnection, site_id: int, identity: ExternalIdentity) -> ExternalAccount | None:
    columns = (ModeratorRow.id, ModeratorRow.name, ModeratorRow.role, ModeratorRow.sections, ModeratorRow.removed_at)
    statement = select(*columns).where(
        ModeratorRow.site_id == site_id,
        ModeratorRow.issuer == identity.issuer,
        ModeratorRow.subject == identity.subject,
    )
    row = (await connection.execute(statement.with_for_update())).one_or_none()
    return ExternalAccount(row.id, row.name, row.role, row.sections, row.removed_at is not None) if row else None


async def _add(connection: AsyncConnection, site_id: int, identity: ExternalIdentity, *, password_hash: str) -> str:
    assert identity.role
    name = await _free_name(connection, site_id, identity)
    sections = None if identity.role == "admin" else identity.sections
    moderator_id = await add_moderator(
        connection, site_id, name, role=identity.role, sections=sections, password_hash=password_hash
    )
    subject = {"issuer": identity.issuer, "subject": identity.subject, "last_seen_at": clock.now()}
    await connection.execute(update(ModeratorRow).where(ModeratorRow.id == moderator_id).values(subject))
    decision = NewDecision(
        site_id, "add-moderator", Actor("moderator", moderator_id), reason=f"{name} ({identity.role})"
    )
    await record_decisions(connection, [decision], now=clock.now())
    return moderator_id


async def _free_name(connection: AsyncConnection, site_id: int, identity: ExternalIdentity) -> str:
    """Return the provider's name; if somebody has it, with a number: “Maria (2)”."""
    name = clean_line(clean_line(identity.name)[: MAX_NAME - 5])
    if is_blank(name):
        name = "Moderator"
    for number in range(1, MAX_SAME_NAME):
        numbered = name if number == 1 else f"{name} ({number})"
        if await find_account(connection, site_id, numbered) is None:
            return numbered
    raise AccountRefused
