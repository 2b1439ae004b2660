"""``onereply import``."""

import os
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import Progress

from service.cli.command_context import with_database
from service.integrations.imports.archive import ArchiveUnreadable, Issues
from service.integrations.imports.import_archive import ImportReport, import_thread
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
    report, issues, source = ImportReport(), Issues(), file.open("rb")

    async def work(database: Database) -> None:
        with source:
            await _import(database, source, slug=slug, pings=pings, report=report, issues=issues)

    try:
        with_database(work)
    except ArchiveUnreadable as error:
        if not report.threads:
            raise click.ClickException(f"{file}: {error}") from None
        _print_report(report, issues)
        raise click.ClickException(f"{file}: {error} Everything complete before this line is imported.") from None
    _print_report(report, issues)


async def _import(
    database: Database, source: BinaryIO, *, slug: str, pings: bool, report: ImportReport, issues: Issues
) -> None:
    async with database.read() as connection:
        site = await find_site(connection, slug)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Importing", total=os.fstat(source.fileno()).st_size)
        for archived in read_wordpress(source, issues=issues):
            if archived.visibility != "published" and not len(archived.comments):
                report.threads["not public, without comments"] += 1
                continue
            async with database.write() as connection:
                await import_thread(connection, site, archived, source="wordpress", pings=pings, report=report)
            issues.add(archived.issues)
            progress.update(task, completed=source.tell())


def _print_report(report: ImportReport, issues: Issues) -> None:
    """Print how many articles and comments were imported or skipped, and why."""
    for title, counts in (
        ("Articles", report.threads),
        ("Comments added", report.added),
        ("Comments skipped", report.skipped),
    ):
        counted = ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
        click.echo(f"{title}: {counted}")
    for issue, count in issues.counts.items():
        click.echo(f"Warning: {count} {issue} (for example {'; '.join(issues.examples[issue])})")
