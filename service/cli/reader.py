"""``onereply reader``."""

from uuid import UUID

import click

from service.cli.command_context import settings_or_stop, with_database
from service.moderation.erasure.erase_reader import erase_reader
from service.platform.access.fingerprints import Fingerprints
from service.platform.events.record_decisions import OPERATOR
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database


@click.group("reader")
def command() -> None:
    """Erase a reader of a site."""


@command.command("erase")
@click.argument("site")
@click.argument("reader_id", type=click.UUID)
@click.confirmation_option(prompt="This can't be undone. Erase the reader?", help="Don't ask.")
def erase(site: str, reader_id: UUID) -> None:
    """Erase a reader: the texts and names of all their comments, and notes about them. Bans stay in force."""
    settings = settings_or_stop()

    async def work(database: Database) -> None:
        async with database.read() as connection:
            found = await find_site(connection, site)
        await erase_reader(database, Fingerprints(settings.secret_key), found, reader_id, by=OPERATOR)

    with_database(work, settings)
    click.echo(f"The reader {reader_id} of “{site}” is erased.")
