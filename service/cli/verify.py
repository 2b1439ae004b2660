"""``onereply verify``."""

import click
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.cli.command_context import with_database
from service.cli.errors import one_line
from service.conversation.comments.verify_counts import verify
from service.platform.storage.engine import Database
from service.platform.storage.integrity import DAMAGED, check_foreign_keys, check_integrity


@click.command("verify")
def command() -> None:
    """Check the database file and recount everything. Prints each finding; the exit code is 1 if there is any."""

    async def work(database: Database) -> int:
        async with database.read() as connection:
            return await _count_findings(connection)

    found = with_database(work)
    if found:
        raise click.ClickException(f"{found} {'finding' if found == 1 else 'findings'}.")
    click.echo("No findings: counts, tree, sequences and positions are correct.")


async def _count_findings(connection: AsyncConnection) -> int:
    """Print each finding and return their number. A damaged file is not recounted."""
    found = 0
    async for finding in check_integrity(connection):
        click.echo(finding)
        found += 1
    if found:
        click.echo(DAMAGED)
        return found
    try:
        for check in (check_foreign_keys, verify):
            async for finding in check(connection):
                click.echo(finding)
                found += 1
    except (DatabaseError, ValueError) as error:  # a stored value that does not fit its column's type
        click.echo(f"a stored value can't be read: {one_line(error)}")
        found += 1
    return found
