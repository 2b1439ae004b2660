"""``onereply site close`` and ``onereply site reopen``."""

from datetime import datetime
from uuid import UUID

import click

from service.cli.command_context import with_database
from service.conversation.closures.close_site import close_site, reopen_site
from service.conversation.closures.close_threads import close_threads, reopen_threads
from service.conversation.closures.closure_lookup import ThreadFilter, count_open, find_closure
from service.conversation.closures.model import Closure
from service.platform import clock
from service.platform.events.record_decisions import OPERATOR
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database


class Time(click.ParamType[datetime]):
    """A time with an offset (RFC 3339)."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse ``value``; stops the command if it is not a time with an offset."""
        try:
            time = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"“{value}” is not a time, such as 2026-11-30T18:00:00+01:00.", param, ctx)
        if time.tzinfo is None:
            self.fail(f"“{value}” has no offset; write it as {value}Z or {value}+01:00.", param, ctx)
        return time


@click.command("close")
@click.argument("slug")
@click.option("--section", help="Only threads of this section.")
@click.option("--published-before", type=Time(), help="Only threads of articles published before this time.")
@click.option("--quiet-since", type=Time(), help="Only threads without a published comment since this time.")
@click.option("--reason", help="The reason, which readers see.")
@click.option("--until", type=Time(), help="When the closure ends by itself.")
@click.option("--dry-run", is_flag=True, help="Only count the threads.")
def close(
    *,
    slug: str,
    section: str | None,
    published_before: datetime | None,
    quiet_since: datetime | None,
    reason: str | None,
    until: datetime | None,
    dry_run: bool,
) -> None:
    """Close a whole site, or the open threads that match; prints the closure's id on the last line."""
    criteria = ThreadFilter(section, published_before, quiet_since)
    if until is not None and until <= clock.now():
        raise click.UsageError("--until must be in the future.")

    async def work(database: Database) -> Closure | int:
        async with database.read() as connection:
            site = await find_site(connection, slug)
            threads = await count_open(connection, site, criteria, now=clock.now())
        if dry_run:
            return threads
        if not criteria.is_whole_site:
            return await close_threads(database, site, criteria, reason=reason, until=until, by=OPERATOR)
        async with database.write() as connection:
            return await close_site(connection, slug, reason=reason, until=until, threads=threads, by=OPERATOR)

    closed = with_database(work)
    if isinstance(closed, int):
        click.echo(f"Open threads that match: {closed}")
        return
    subject = f"Site “{slug}” is closed." if closed.scope == "site" else f"Threads closed: {closed.threads}"
    click.echo(f"{subject}\n{closed.id}")


@click.command("reopen")
@click.argument("slug")
@click.argument("closure", metavar="[ID]", type=click.UUID, required=False)
def reopen(slug: str, closure: UUID | None) -> None:
    """Undo one closure: by default that of the whole site, else the one with this ID."""

    async def work(database: Database) -> None:
        async with database.read() as connection:
            site = await find_site(connection, slug)
            found = await find_closure(connection, site.id, closure) if closure else None
        if found and found.scope == "threads":
            await reopen_threads(database, site, found, by=OPERATOR)
            return
        async with database.write() as connection:
            await reopen_site(connection, slug, closure, by=OPERATOR)

    with_database(work)
    click.echo(f"The closure of “{slug}” is undone.")
