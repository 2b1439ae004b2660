"""Shared by the commands: load the settings, open the database, and turn expected errors into one line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from service.cli.errors import one_line
from service.platform.access.moderator_accounts import InvalidModerator
from service.platform.outbound.webhook_signatures import InvalidWebhookSecret
from service.platform.problems import Problem
from service.platform.sites.assign_settings import InvalidSetting
from service.platform.sites.edit_site import InvalidSite
from service.platform.sites.site_secrets import InvalidSecret
from service.platform.storage.database_url import SqliteUrl, parse_database_url
from service.platform.storage.engine import Database
from service.platform.storage.revisions import current_revision, revision_problem
from service.settings import PREFIX, Settings, SettingsError, load

T = TypeVar("T")
# Errors that a user of the commands can cause.
EXPECTED = (
    InvalidSite,
    InvalidSetting,
    InvalidModerator,
    InvalidSecret,
    InvalidWebhookSecret,
    Problem,
    CommandError,
    RevisionError,
)


def settings_or_stop() -> Settings:
    """Load the settings from the environment; an invalid one stops the command with one line."""
    try:
        return load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def with_database(work: Callable[[Database], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run ``work`` on the installation's database, which must exist and have the tables of this release.

    If it does not, or if ``work`` raises an expected error, the command stops with one line.
    """
    settings = settings or settings_or_stop()
    _exists_or_stop(settings.database_url)

    async def checked(database: Database) -> T:
        async with database.read() as connection:
            problem = revision_problem(await current_revision(connection))
        if problem:
            raise click.ClickException(problem)
        return await work(database)

    return with_any_database(checked, settings)


def with_any_database(work: Callable[[Database], Awaitable[T]], settings: Settings) -> T:
    """Like :func:`with_database`, but accepts any revision and creates a missing SQLite file."""

    async def run() -> T:
        database = Database(
            settings.database_url,
            read_connections=settings.read_connections,
            slow_statement_seconds=settings.slow_statement_seconds,
        )
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except EXPECTED as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    except OSError as error:
        raise click.ClickException(f"Database error: {one_line(error)}") from None


def _exists_or_stop(url: str) -> None:
    """Stop with one line if the SQLite file is missing: only commands that migrate may create it."""
    parsed = parse_database_url(url)
    if not isinstance(parsed, SqliteUrl):
        return
    try:
        exists = parsed.path.exists()
    except OSError as error:
        raise click.ClickException(f"The database can't be opened: {one_line(error)}") from None
    if not exists:
        raise click.ClickException(
            f"There is no database at {parsed.path}. Check {PREFIX}DATABASE_URL, or run “onereply migrate” to "
            "create it."
        )
