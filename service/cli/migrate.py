"""``onereply migrate``."""

import click

from service.cli.command_context import settings_or_stop, with_any_database
from service.platform.storage.engine import Database
from service.platform.storage.revisions import head_revision, migrate


@click.command("migrate")
@click.option("--to", "revision", default="head", show_default=True, help="The revision to migrate to, up or down.")
def command(revision: str) -> None:
    """Migrate the database's tables to this release."""

    async def work(database: Database) -> None:
        await migrate(database, to=revision)

    with_any_database(work, settings_or_stop())
    click.echo(f"The database is at revision {head_revision() if revision == 'head' else revision}.")
