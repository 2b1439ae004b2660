"""What the commands share: settings read or a clear line, a database opened and closed, one site found."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from service.access.moderators import InvalidModerator
from service.settings import Settings, SettingsError, load
from service.sites.changing import InvalidSite
from service.sites.secrets import InvalidSecret
from service.sites.settings import InvalidSetting
from service.storage.engine import Database
from service.storage.revisions import current_revision, head_revision
from service.web.problems import Problem
from service.webhooks.signing import InvalidWebhookSecret

T = TypeVar("T")
# What whoever types a command can get wrong.
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
    """The settings of the environment; a wrong one stops the command with one clear line."""
    try:
        return load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def with_database(deed: Callable[[Database], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run ``deed`` on the installation's database; what can be expected to fail stops with one clear line."""
    settings = settings or settings_or_stop()

    async def run() -> T:
        database = Database(settings.database_url, read_connections=settings.read_connections)
        try:
            return await deed(database)
        except (OperationalError, ProgrammingError):
            await _migrated_or_stop(database)
            raise
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except EXPECTED as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", error)).splitlines()[0]
        raise click.ClickException(f"The database would not do that: {cause}") from None


async def _migrated_or_stop(database: Database) -> None:
    """Stop with one clear line where the database has no tables at all."""
    async with database.read() as connection:
        revision = await current_revision(connection)
    if revision is None:
        raise click.ClickException("The database has no tables yet: run “onereply migrate”.")


async def at_head_or_stop(database: Database) -> None:
    """Stop with one clear line unless the database's tables are those of this release."""
    async with database.read() as connection:
        revision = await current_revision(connection)
    if revision != head_revision():
        raise click.ClickException(
            f"The database is at revision {revision or 'nothing'}, this release needs {head_revision()}: "
            "run “onereply migrate”."
        )
