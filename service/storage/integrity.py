"""Checks of an SQLite file as SQLite makes them: its pages and indexes, and the rows that refer to others.

Sources: <https://sqlite.org/pragma.html#pragma_integrity_check> and ``#pragma_foreign_key_check``.
"""

from collections.abc import AsyncIterator

from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

DAMAGED = "The database file is damaged. Restore a backup."


async def check_integrity(connection: AsyncConnection) -> AsyncIterator[str]:
    """Each damage of the file, at most 100 of them; nothing on PostgreSQL, which checks its pages itself."""
    if connection.dialect.name != "sqlite":
        return
    try:
        for (finding,) in (await connection.exec_driver_sql("PRAGMA integrity_check")).all():
            if finding != "ok":
                yield f"database file: {' '.join(str(finding).split())}"
    except DatabaseError as error:  # the damage is where the check itself has to read
        yield f"database file: {error.orig}"


async def check_foreign_keys(connection: AsyncConnection) -> AsyncIterator[str]:
    """Each row of an SQLite file that refers to one that does not exist."""
    if connection.dialect.name != "sqlite":
        return
    rows = await connection.exec_driver_sql("PRAGMA foreign_key_check")
    for row in rows.mappings():
        which = "a row" if row["rowid"] is None else f"row {row['rowid']}"  # tables without rowid have no numbers
        yield f"table {row['table']}: {which} refers to a row of {row['parent']} that does not exist"
