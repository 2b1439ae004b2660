"""``onereply verify``."""

import click

from service.cli.running import at_head_or_stop, with_database
from service.comments.verifying import verify
from service.storage.engine import Database


@click.command("verify")
def command() -> None:
    """Recount everything and say what is wrong; nothing ever should be."""

    async def deed(database: Database) -> int:
        await at_head_or_stop(database)
        found = 0
        async with database.read() as connection:
            async for finding in verify(connection):
                found += 1
                click.echo(finding)
        return found

    found = with_database(deed)
    if found:
        raise click.ClickException(f"{found} findings.")
    click.echo("Everything is as it should be: counts, tree, sequences, positions.")
