"""``onereply site``."""

import click
import msgspec

from service.cli.running import with_database
from service.sites.changing import add_site, change_site, find_site, list_sites
from service.sites.rules import PRESETS as RULES
from service.sites.settings import PRESETS, change_settings
from service.storage.engine import Database


@click.group("site")
def command() -> None:
    """Add, list and change sites."""


@command.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="What the publication is called.")
@click.option("--locale", default="en", show_default=True, help="Its language, as a BCP 47 tag.")
@click.option(
    "--preset", type=click.Choice(list(PRESETS)), default="newsroom", show_default=True, help="Where to begin."
)
def add(slug: str, name: str, locale: str, preset: str) -> None:
    """Add a site; SLUG is its part of every path."""

    async def deed(database: Database) -> None:
        async with database.write() as connection:
            settings, rules = PRESETS[preset], RULES[preset]
            await add_site(connection, slug, name=name, locale=locale, settings=settings, rules=rules)

    with_database(deed)
    click.echo(f"Site “{slug}” is added. Next: onereply key add {slug} --role host")


@command.command("list")
def list_() -> None:
    """List the sites with their settings."""

    async def deed(database: Database) -> None:
        async with database.read() as connection:
            for site in await list_sites(connection):
                click.echo(f"{site.slug}\t{site.name}\t{site.locale}")
                for name, value in msgspec.to_builtins(site.settings).items():
                    click.echo(f"\t{name}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}")

    with_database(deed)


@command.command("set")
@click.argument("slug")
@click.argument("settings", nargs=-1, metavar="NAME=VALUE…")
@click.option("--name", help="What the publication is called.")
@click.option("--locale", help="Its language, as a BCP 47 tag.")
def set_(slug: str, settings: tuple[str, ...], name: str | None, locale: str | None) -> None:
    """Change a site; serving processes follow within a second."""

    async def deed(database: Database) -> None:
        async with database.write() as connection:
            site = await find_site(connection, slug)
            changed = change_settings(site.settings, settings)
            await change_site(connection, site, name=name, locale=locale, settings=changed)

    with_database(deed)
    click.echo(f"Site “{slug}” is changed.")
