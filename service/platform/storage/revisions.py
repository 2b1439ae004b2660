"""Database migrations: the current revision, this release's revision, and migrating between them."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.shipped_files import shipped
from service.platform.storage.engine import Database

MIGRATIONS = shipped("migrations")
MIGRATION_LOCK = 0x6F6E6572  # PostgreSQL's advisory lock for migrations


async def migrate(database: Database, *, to: str = "head") -> None:
    """Migrate the tables to revision ``to``, up or down; concurrent migrations wait for each other."""
    async with database.write() as connection:
        if database.dialect == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        await connection.run_sync(_run, to)


def _run(connection: Connection, to: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    revisions = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if to not in {"head", "base", *revisions}:
        raise CommandError(f"There is no revision “{to}”; there are: {', '.join(sorted(revisions))}.")
    current = MigrationContext.configure(connection).get_current_revision()
    if current and current not in revisions:
        raise CommandError(revision_problem(current))
    if to == "base" or (current and _is_below(to, current)):
        command.downgrade(config, to)
    else:
        command.upgrade(config, to)


def _is_below(revision: str, current: str) -> bool:
    """Whether ``revision`` is older than ``current``."""
    below = {script.revision for script in ScriptDirectory.from_config(_config()).iterate_revisions(current, "base")}
    return revision in below and revision != current


async def current_revision(connection: AsyncConnection) -> str | None:
    """The revision of the database; None if it is empty."""
    return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def revision_problem(current: str | None) -> str | None:
    """The reason why this release can't use a database at revision ``current``, and the fix; None if it can.

    ``current`` is None for a database without tables.
    """
    if current == head_revision():
        return None
    if current is None:
        return "The database has no tables yet: run “onereply migrate”."
    if current not in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}:
        return (
            f"The database is at revision {current}, which this release does not know: a newer release has migrated "
            "it. Install that release, or restore a backup."
        )
    return f"The database is at revision {current}, this release needs {head_revision()}: run “onereply migrate”."


@cache
def head_revision() -> str | None:
    """The revision that this release requires."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
