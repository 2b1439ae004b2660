"""``onereply site``."""

import secrets
import sys

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from service.cli.command_context import settings_or_stop, with_database
from service.cli.site_closures import close, reopen
from service.platform import clock
from service.platform.events.record_decisions import OPERATOR, NewDecision, record_decisions
from service.platform.outbound.safe_client import TargetRefused, Targets
from service.platform.outbound.webhook_signatures import check_secret, make_secret
from service.platform.sites.assign_settings import InvalidSetting, assign_settings
from service.platform.sites.edit_site import add_site, change_site, changed_fields, find_site, list_sites, lock_site
from service.platform.sites.model import SECRETS, SecretName
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_rules import PRESETS as RULES
from service.platform.sites.site_secrets import remove_secret, set_secret
from service.platform.sites.site_settings import PRESETS, SiteSettings
from service.platform.storage.engine import Database


@click.group("site")
def command() -> None:
    """Add, list, change and close sites."""


command.add_command(close)
command.add_command(reopen)


@command.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="The name of the publication.")
@click.option("--locale", default="en", show_default=True, help="The language of the site, as a BCP 47 tag.")
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="newsroom",
    show_default=True,
    help="The settings and rules to start with.",
)
def add(slug: str, name: str, locale: str, preset: str) -> None:
    """Add a site. SLUG is the site's part of every path."""

    async def work(database: Database) -> None:
        async with database.write() as connection:
            settings, rules = PRESETS[preset], RULES[preset]
            await add_site(connection, slug, name=name, locale=locale, settings=settings, rules=rules)

    with_database(work)
    click.echo(f"Site “{slug}” was added. Next: onereply key add {slug} --role host")


@command.command("list")
def list_() -> None:
    """List the sites with their settings."""

    async def work(database: Database) -> None:
        async with database.read() as connection:
            for site in await list_sites(connection):
                click.echo(f"{site.slug}\t{site.name}\t{site.locale}")
                for name, value in msgspec.to_builtins(site.settings).items():
                    click.echo(f"\t{name}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}")

    with_database(work)


@command.command("set")
@click.argument("slug")
@click.argument("settings", nargs=-1, metavar="NAME=VALUE…")
@click.option("--name", help="The name of the publication.")
@click.option("--locale", help="The language of the site, as a BCP 47 tag.")
def set_(slug: str, settings: tuple[str, ...], name: str | None, locale: str | None) -> None:
    """Update a site's settings. Serving processes apply them within a second."""
    installation = settings_or_stop()

    async def work(database: Database) -> None:
        async with database.write() as connection:
            site = await lock_site(connection, slug)
            changed = assign_settings(site.settings, settings, allow_http=installation.allow_private_targets)
            _require_public(changed, allow_private=installation.webhooks_allow_private)
            await change_site(connection, site, name=name, locale=locale, settings=changed)
            changed_names = [word for word, given in (("name", name), ("locale", locale)) if given is not None]
            changed_names += [names] if (names := changed_fields(site.settings, changed)) else []
            await _record(connection, site, ", ".join(changed_names) or None)

    with_database(work, installation)
    click.echo(f"Site “{slug}” is changed.")


async def _record(connection: AsyncConnection, site: Site, changed: str | None) -> None:
    decision = NewDecision(site.id, "settings", OPERATOR, reason=changed)
    await record_decisions(connection, [decision], now=clock.now())


def _require_public(settings: SiteSettings, *, allow_private: bool) -> None:
    if settings.screening_webhook_url is not None:
        try:
            Targets(allow_private=allow_private).check(settings.screening_webhook_url)
        except TargetRefused as refused:
            raise InvalidSetting(f"screening_webhook_url: {refused}") from None


@command.command("secret")
@click.argument("slug")
@click.argument("name", type=click.Choice(SECRETS))
@click.option("--set", "from_stdin", is_flag=True, help="Read the secret from standard input.")
@click.option("--remove", "is_removal", is_flag=True, help="Delete the secret.")
def secret(slug: str, name: SecretName, from_stdin: bool, is_removal: bool) -> None:
    """Set a secret of a site, or generate one and print it alone on the last line.

    NAME is one of five secrets. The host signs its readers' tokens (HS256) with host-token and its article events with
    article-webhooks. One Reply signs its calls of the screening webhook with screening-webhook. The akismet-key comes
    from Akismet, oidc-client from the OpenID provider. Secrets are never arguments, because other users of the machine
    could see them.
    """
    if from_stdin and is_removal:
        raise click.UsageError("Give --set or --remove, not both.")
    if is_removal:
        _remove(slug, name)
    elif from_stdin:
        _set(slug, name, sys.stdin.read().rstrip("\r\n"))
        click.echo(f"The secret {name} of “{slug}” is set.")
    elif name not in {"akismet-key", "oidc-client"}:
        generated = secrets.token_urlsafe(32) if name == "host-token" else make_secret()
        _set(slug, name, generated)
        click.echo(f"The secret {name} of “{slug}”. Keep it; it can't be shown again.", err=True)
        click.echo(generated)
    else:
        source = "Akismet" if name == "akismet-key" else "the OpenID provider"
        raise click.UsageError(f"The {name} comes from {source}. Set it with --set.")


def _set(slug: str, name: SecretName, text: str) -> None:
    settings = settings_or_stop()

    async def work(database: Database) -> None:
        async with database.write() as connection:
            site = await find_site(connection, slug)
            if name in {"article-webhooks", "screening-webhook"}:
                check_secret(text)
            await set_secret(connection, site, name, text, secret_key=settings.secret_key)
            await _record(connection, site, f"secret {name}")

    with_database(work, settings)


def _remove(slug: str, name: SecretName) -> None:
    async def work(database: Database) -> bool:
        async with database.write() as connection:
            site = await find_site(connection, slug)
            is_removed = await remove_secret(connection, site, name)
            if is_removed:
                await _record(connection, site, f"secret {name}")
            return is_removed

    if not with_database(work):
        raise click.ClickException(f"“{slug}” has no secret {name}.")
    click.echo(f"The secret {name} of “{slug}” is removed.")
