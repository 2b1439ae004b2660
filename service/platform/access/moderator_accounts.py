"""Moderator accounts: each has a unique name at its site.

Names are compared in NFKC and without case. A removed moderator can't log in, and the name is free for others. The row
stays, because the decision log shows who decided.
"""

import secrets
from datetime import datetime
from typing import Any, Literal, NamedTuple
from unicodedata import normalize

import msgspec
from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.last_admin import require_another_admin
from service.platform.access.model import ModeratorRow, is_younger
from service.platform.access.sessions import end_sessions_of
from service.platform.problems import NotFound
from service.platform.sites.sections import MAX_SECTION, Sections, decode_sections
from service.platform.sites.site_lookup import Site
from service.platform.text.plain_text import clean_line, is_blank

ModeratorRole = Literal["moderator", "admin"]
MAX_NAME, MAX_FOLDED_NAME = 100, 300
ADMIN_WITH_SECTIONS = "An admin can't be limited to sections."


class InvalidModerator(Exception):
    """The account is invalid or missing; the message is one line for the operator."""


class Moderator(NamedTuple):
    """An account as listed."""

    id: str
    name: str
    role: ModeratorRole
    sections: Sections
    created_at: datetime
    last_seen_at: datetime | None
    removed_at: datetime | None


class Account(NamedTuple):
    """An account as needed for logging in."""

    id: str
    name: str
    role: ModeratorRole
    password_hash: str
    issuer: str | None


async def add_moderator(
    connection: AsyncConnection,
    site_id: int,
    name: str,
    *,
    role: ModeratorRole,
    sections: Sections = None,
    password_hash: str,
) -> str:
    """Add an account and return its id; ``sections`` limits a moderator to these.

    Raises :class:`InvalidModerator` if the name or a section is invalid, or the name is taken.
    """
    name, moderator_id = _valid_name(name), secrets.token_hex(6)
    if role == "admin" and sections is not None:
        raise InvalidModerator(ADMIN_WITH_SECTIONS)
    values = {"id": moderator_id, "site_id": site_id, "name": name, "folded_name": fold_name(name), "role": role}
    optional = {"sections": encode_sections(sections), "password_hash": password_hash}
    statement = insert(ModeratorRow).values(**values, **optional, created_at=clock.now())
    try:
        await connection.execute(statement)
    except IntegrityError:
        raise InvalidModerator(f"There is already a moderator “{name}”.") from None
    return moderator_id


async def list_moderators(
    connection: AsyncConnection, site_id: int, *, after: str | None = None, limit: int | None = None
) -> list[Moderator]:
    """List the accounts of a site, oldest first, including removed ones; at most ``limit`` after the id ``after``."""
    columns = [getattr(ModeratorRow, name) for name in Moderator._fields]
    statement = select(*columns).where(ModeratorRow.site_id == site_id).limit(limit)
    if after is not None:
        statement = statement.where(is_younger(ModeratorRow, after))
    rows = await connection.execute(statement.order_by(ModeratorRow.created_at, ModeratorRow.id))
    return [_moderator(row) for row in rows]


async def find_moderator(connection: AsyncConnection, site_id: int, moderator_id: str) -> Moderator:
    """Return an account that is not removed; raises NotFound."""
    columns = [getattr(ModeratorRow, name) for name in Moderator._fields]
    at_site = ModeratorRow.site_id == site_id, ModeratorRow.removed_at.is_(None)
    row = (await connection.execute(select(*columns).where(ModeratorRow.id == moderator_id, *at_site))).one_or_none()
    if row is None:
        raise NotFound
    return _moderator(row)


def _moderator(row: Row[*tuple[Any, ...]]) -> Moderator:
    return Moderator(*row)._replace(sections=decode_sections(row.sections))


async def names_of(connection: AsyncConnection, site: Site) -> dict[str, str]:
    """The names of the moderators of ``site`` by id, including removed ones."""
    rows = await connection.execute(select(ModeratorRow.id, ModeratorRow.name).where(ModeratorRow.site_id == site.id))
    return {row.id: row.name for row in rows}


async def find_account(connection: AsyncConnection, site_id: int, name: str) -> Account | None:
    """Find the account called ``name``, in any case or form."""
    columns = [getattr(ModeratorRow, column) for column in Account._fields]
    row = (await connection.execute(select(*columns).where(*_with_name(site_id, name)))).one_or_none()
    return Account(*row) if row else None


async def find_account_by_id(connection: AsyncConnection, site_id: int, moderator_id: str) -> Account | None:
    """Find an account of the site that is not removed."""
    columns = [getattr(ModeratorRow, column) for column in Account._fields]
    is_active = ModeratorRow.site_id == site_id, ModeratorRow.removed_at.is_(None)
    row = (await connection.execute(select(*columns).where(ModeratorRow.id == moderator_id, *is_active))).one_or_none()
    return Account(*row) if row else None


async def change_sections(connection: AsyncConnection, site_id: int, name: str, *, sections: Sections) -> None:
    """Limit a moderator to ``sections``, from their next request on; None lifts the limit.

    Raises :class:`InvalidModerator`, also for an admin with sections.
    """
    of_role = () if sections is None else (ModeratorRow.role == "moderator",)
    statement = (
        update(ModeratorRow).where(*_with_name(site_id, name), *of_role).values(sections=encode_sections(sections))
    )
    if (await connection.execute(statement.returning(ModeratorRow.id))).one_or_none() is None:
        is_admin = await find_account(connection, site_id, name) is not None
        raise InvalidModerator(ADMIN_WITH_SECTIONS if is_admin else f"There is no moderator “{clean_line(name)}”.")


async def change_password(
    connection: AsyncConnection, site_id: int, name: str, *, password_hash: str, keeping: bytes | None = None
) -> None:
    """Change an account's password and end its sessions, ``keeping`` the one with this id.

    Raises :class:`InvalidModerator`.
    """
    moderator_id = await _change(connection, site_id, name, password_hash=password_hash)
    await end_sessions_of(connection, moderator_id, but=keeping)


async def set_role(connection: AsyncConnection, site_id: int, name: str, *, role: ModeratorRole) -> None:
    """Change an account's role, from the next request of its sessions on.

    Raises :class:`InvalidModerator`, or LastAdmin for the only admin.
    """
    if role == "admin":  # who moderates all sections
        await _change(connection, site_id, name, role=role, sections=None)
    else:
        await _require_another_admin(connection, site_id, name)
        await _change(connection, site_id, name, role=role)


async def remove_moderator(connection: AsyncConnection, site_id: int, name: str) -> None:
    """Remove an account and end its sessions; raises :class:`InvalidModerator`, or LastAdmin for the only admin."""
    await _require_another_admin(connection, site_id, name)
    await end_sessions_of(connection, await _change(connection, site_id, name, removed_at=clock.now()))


async def _require_another_admin(connection: AsyncConnection, site_id: int, name: str) -> None:
    if account := await find_account(connection, site_id, name):
        await require_another_admin(connection, site_id, besides=account.id)


async def _change(connection: AsyncConnection, site_id: int, name: str, **values: str | datetime | None) -> str:
    """Change the columns of an account and return its id.

    Its sessions come after it: a login locks the account too, so it can't add a session in between.
    """
    statement = update(ModeratorRow).where(*_with_name(site_id, name)).values(**values).returning(ModeratorRow.id)
    moderator_id: str | None = (await connection.execute(statement)).scalar_one_or_none()
    if moderator_id is None:
        raise InvalidModerator(f"There is no moderator “{clean_line(name)}”.")
    return moderator_id


def _with_name(site_id: int, name: str) -> tuple[ColumnElement[bool], ...]:
    at_site, is_active = ModeratorRow.site_id == site_id, ModeratorRow.removed_at.is_(None)
    return at_site, is_active, ModeratorRow.folded_name == fold_name(name)


def fold_name(name: str) -> str:
    """``name`` in the form in which names are compared: one line, NFKC, case-folded."""
    return normalize("NFKC", normalize("NFKC", clean_line(name)).casefold())


def encode_sections(sections: Sections) -> str | None:
    """Encode sections as the database stores them; raises :class:`InvalidModerator`."""
    if sections is None:
        return None
    labels = [clean_line(label) for label in sections]
    if not all(0 < len(label) <= MAX_SECTION for label in labels):
        raise InvalidModerator(f"A section has 1 to {MAX_SECTION} characters.")
    return msgspec.json.encode(sorted({*labels})).decode()


def _valid_name(name: str) -> str:
    name = clean_line(name)
    if is_blank(name):
        raise InvalidModerator("A moderator needs a name.")
    if len(name) > MAX_NAME or len(fold_name(name)) > MAX_FOLDED_NAME:
        raise InvalidModerator(f"A moderator's name has at most {MAX_NAME} characters.")
    return name
