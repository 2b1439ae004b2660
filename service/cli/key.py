"""``onereply key``."""

import click

from service.cli.command_context import with_database
from service.platform.access.api_keys import Role, list_keys
from service.platform.access.manage_access import create_key, end_key
from service.platform.access.model import ROLES
from service.platform.events.record_decisions import OPERATOR
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database


@click.group("key")
def command() -> None:
    """Add, list and revoke a site's keys."""


@command.command("add")
@click.argument("site")
@click.option("--role", type=click.Choice(ROLES), required=True, help="The permissions of the key.")
def add(site: str, role: Role) -> None:
    """Add a key and print it alone on the last line; it can't be shown again."""

    async def work(database: Database) -> str:
        async with database.write() as connection:
            return await create_key(connection, (await find_site(connection, site)).id, role, by=OPERATOR)

    key = with_database(work)
    click.echo(
        f"{'An' if role == 'admin' else 'A'} {role} key of “{site}”. Keep it; it can't be shown again.", err=True
    )
    click.echo(key)


@command.command("list")
@click.argument("site")
def list_(site: str) -> None:
    """List a site's keys: id, role, created, last used, revoked."""

    async def work(database: Database) -> None:
        async with database.read() as connection:
            for key in await list_keys(connection, (await find_site(connection, site)).id):
                times = (key.created_at, key.last_used_at, key.revoked_at)
                times_text = "\t".join(time.strftime("%Y-%m-%d %H:%M") if time else "–" for time in times)
                click.echo(f"{key.id}\t{key.role}\t{times_text}")

    with_database(work)


@command.command("revoke")
@click.argument("site")
@click.argument("key_id", metavar="ID")
def revoke(site: str, key_id: str) -> None:
    """Revoke the key with this ID (the part after “ork_”) at once."""

    async def work(database: Database) -> bool:
        async with database.write() as connection:
            return await end_key(connection, (await find_site(connection, site)).id, key_id, by=OPERATOR)

    if not with_database(work):
        raise click.ClickException(f"“{site}” has no valid key {key_id}.")
    click.echo(f"Key {key_id} is revoked.")
