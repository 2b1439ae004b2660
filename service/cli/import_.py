"""``onereply import``."""

import os
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import Progress

from service.cli.command_context import with_database
from service.integrations.imports.archive import ArchiveUnreadable, Oddities
from service.integrations.imports.import_archive import Import, import_thread
from service.integrations.imports.wordpress import read_wordpress
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database


@click.group("import")
def command() -> None:
    """Import threads from another system."""


@command.command("wordpress")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", "slug", required=True, help="The site to import into.")
@click.option("--pings", is_flag=True, help="Also import pingbacks and trackbacks as comments.")
def wordpress(file: Path, slug: str, pings: bool) -> None:
    """Import FILE, a WordPress export (WXR). Importing it again adds only missing comments."""
    report, oddities, source = Import(), Oddities(), file.open("rb")

    async def work(database: Database) -> None:
        with source:
            await _import(database, source, slug=slug, pings=pings, report=report, oddities=oddities)

    try:
        with_database(work)
    except ArchiveUnreadable as error:
        _print_report(report, oddities)
        raise click.ClickException(f"{file}: {error} All articles before this line are imported.") from None
    _print_report(report, oddities)


async def _import(
    database: Database, source: BinaryIO, *, slug: str, pings: bool, report: Import, oddities: Oddities
) -> None:
    async with database.read() as connection:
        site = await find_site(connection, slug)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Importing", total=os.fstat(source.fileno()).st_size)
        for archived in read_wordpress(source, oddities=oddities):
            if archived.visibility != "published" and not len(archived.comments):
                report.threads["not public, without comments"] += 1
                continue
            async with database.write() as connection:
                await import_thread(connection, site, archived, source="wordpress", pings=pings, report=report)
            oddities.add(archived.oddities)
            progress.update(task, completed=source.tell())


def _print_report(report: Import, oddities: Oddities) -> None:
    """Print how many articles and comments were imported or skipped, and why."""
    for title, counts in (
        ("Articles", report.threads),
        ("Comments added", report.added),
        ("Comments skipped", report.skipped),
    ):
        counted = ", ".join(f"{count} {what}" for what, count in counts.items()) or "none"
        click.echo(f"{title}: {counted}")
    for oddity, count in oddities.counts.items():
        click.echo(f"Warning: {count} {oddity} (for example {'; '.join(oddities.examples[oddity])})")
