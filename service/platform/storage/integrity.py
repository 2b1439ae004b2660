"""Integrity checks of an SQLite file: pages, indexes and foreign keys.

Sources: <https://sqlite.org/pragma.html#pragma_integrity_check> and ``#pragma_foreign_key_check``.
"""

from collections.abc import AsyncIterator

from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

DAMAGED = "The database file is damaged. Restore a backup."


async def check_integrity(connection: AsyncConnection) -> AsyncIterator[str]:
    """Yield up to 100 errors in the file; none on PostgreSQL, which checks its own pages."""
    if connection.dialect.name != "sqlite":
        return
    try:
        for (finding,) in (await connection.exec_driver_sql("PRAGMA integrity_check")).all():
            if finding != "ok":
                yield f"database file: {' '.join(str(finding).split())}"
    except DatabaseError as error:  # the check itself hit damaged data
        yield f"database file: {error.orig}"


async def check_foreign_keys(connection: AsyncConnection) -> AsyncIterator[str]:
    """Yield each row of an SQLite file that refers to a missing row."""
    if connection.dialect.name != "sqlite":
        return
    rows = await connection.exec_driver_sql("PRAGMA foreign_key_check")
    for row in rows.mappings():
        which = "a row" if row["rowid"] is None else f"row {row['rowid']}"  # some tables have no row numbers
        yield f"table {row['table']}: {which} refers to a row of {row['parent']} that does not exist"
