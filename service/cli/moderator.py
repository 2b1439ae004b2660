"""``onereply moderator``."""

import sys

import click

from service.cli.command_context import with_database
from service.platform.access.manage_access import (
    AccountChange,
    change_account,
    create_account,
    record_account_change,
    remove_account,
)
from service.platform.access.model import MODERATOR_ROLES
from service.platform.access.moderator_accounts import InvalidModerator, ModeratorRole, find_account, list_moderators
from service.platform.access.passwords import InvalidPassword, Passwords, validate_password
from service.platform.access.second_factors import turn_off
from service.platform.access.sessions import end_sessions_of
from service.platform.events.record_decisions import OPERATOR
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database

SECTION = click.option("--section", "sections", multiple=True, help="A section to moderate; repeat it for more.")


@click.group("moderator")
def command() -> None:
    """Add, list and remove a site's moderators, and change their passwords, second factors and roles."""


@command.command("add")
@click.argument("site")
@click.argument("name")
@click.option("--role", type=click.Choice(MODERATOR_ROLES), required=True, help="The permissions of the moderator.")
@SECTION
def add(site: str, name: str, role: ModeratorRole, sections: tuple[str, ...]) -> None:
    """Add a moderator. The password is read from a prompt, or from standard input if that is not a terminal."""
    password = _read_password(name)

    async def work(database: Database) -> None:
        password_hash = await Passwords().hash(password)
        async with database.write() as connection:
            site_id = (await find_site(connection, site)).id
            limit = sections or None
            await create_account(
                connection, site_id, name, role=role, sections=limit, password_hash=password_hash, by=OPERATOR
            )

    with_database(work)
    click.echo(f"“{name}” is now a moderator of “{site}” and can log in.")


@command.command("passwd")
@click.argument("site")
@click.argument("name")
def passwd(site: str, name: str) -> None:
    """Change a moderator's password, read as in “add”, and end all of their sessions."""
    password = _read_password(name)

    async def work(database: Database) -> None:
        password_hash = await Passwords().hash(password)
        await _change(database, site, name, AccountChange(password_hash=password_hash))

    with_database(work)
    click.echo(f"The password of “{name}” was changed, and all sessions were ended.")


@command.command("reset-second-factor")
@click.argument("site")
@click.argument("name")
def reset_second_factor(site: str, name: str) -> None:
    """Remove a moderator's lost second factor and recovery codes, and end all of their sessions.

    Make sure that it is really the moderator who asks for it.
    """

    async def work(database: Database) -> bool:
        async with database.write() as connection:
            site_id = (await find_site(connection, site)).id
            account = await find_account(connection, site_id, name)
            if account is None:
                raise InvalidModerator(f"There is no moderator “{name}”.")
            await end_sessions_of(connection, account.id)
            had_one = await turn_off(connection, account.id)
            await record_account_change(connection, site_id, name, "second factor", by=OPERATOR)
            return had_one

    if not with_database(work):
        raise click.ClickException(f"“{name}” has no second factor.")
    click.echo(f"The second factor of “{name}” was removed, and all sessions were ended.")


@command.command("role")
@click.argument("site")
@click.argument("name")
@click.argument("role", type=click.Choice(MODERATOR_ROLES))
def role(site: str, name: str, role: ModeratorRole) -> None:
    """Change a moderator's role. The only admin of a site can't become a moderator."""

    async def work(database: Database) -> None:
        await _change(database, site, name, AccountChange(role))

    with_database(work)
    click.echo(f"“{name}” now has the role “{role}” at “{site}”.")


@command.command("limit")
@click.argument("site")
@click.argument("name")
@SECTION
def limit_(site: str, name: str, sections: tuple[str, ...]) -> None:
    """Limit a moderator to sections; without --section, to none. It takes effect at once."""

    async def work(database: Database) -> None:
        await _change(database, site, name, AccountChange(sections=sections or None))

    with_database(work)
    click.echo(f"“{name}” now moderates {', '.join(sections) or 'all sections'}.")


@command.command("list")
@click.argument("site")
def list_(site: str) -> None:
    """List a site's moderators: id, name, role, created, last seen, removed, sections."""

    async def work(database: Database) -> None:
        async with database.read() as connection:
            for moderator in await list_moderators(connection, (await find_site(connection, site)).id):
                times = (moderator.created_at, moderator.last_seen_at, moderator.removed_at)
                times_text = "\t".join(time.strftime("%Y-%m-%d %H:%M") if time else "–" for time in times)
                sections = "" if moderator.sections is None else f"\t{', '.join(moderator.sections)}"
                click.echo(f"{moderator.id}\t{moderator.name}\t{moderator.role}\t{times_text}{sections}")

    with_database(work)


@command.command("remove")
@click.argument("site")
@click.argument("name")
def remove(site: str, name: str) -> None:
    """Remove a moderator and end all of their sessions. Their decisions stay in the log, under their name."""

    async def work(database: Database) -> None:
        async with database.write() as connection:
            await remove_account(connection, (await find_site(connection, site)).id, name, by=OPERATOR)

    with_database(work)
    click.echo(f"“{name}” is no longer a moderator of “{site}”.")


async def _change(database: Database, site: str, name: str, change: AccountChange) -> None:
    async with database.write() as connection:
        await change_account(connection, (await find_site(connection, site)).id, name, change, by=OPERATOR)


def _read_password(name: str) -> str:
    """Read a password for ``name``: twice and hidden at a terminal, else the first line of standard input.

    It is never an argument, because other users could read that in the list of processes.
    """
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.buffer.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
    try:
        return validate_password(password, name=name)
    except InvalidPassword as error:
        raise click.ClickException(str(error)) from None
