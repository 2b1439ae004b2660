"""The only UPDATE of counts, places, sequence and shown version.

Promise 1: a transaction reads these under the thread's lock, changes them in memory comment by comment, and writes the
final values. So each event can carry the count at its own sequence.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import Thread, ThreadRow
from service.platform.storage.portable import any_of, row_parameters, run_many

_STATEMENT = (
    update(ThreadRow)
    .where(ThreadRow.id == bindparam("thread_id"))
    .values({name: bindparam(name) for name in ("reply_count", "places", "sequence", "shown_version", "changed_at")})
)


async def write_next_sequences(
    connection: AsyncConnection, threads: Iterable[Thread], *, now: datetime, **columns: Any
) -> None:
    """Write the next sequence and shown version of ``threads``, and the same values of ``columns`` for all.

    One statement for any number of threads, whose counts and places stay.
    """
    dialect, ids = connection.dialect.name, [(thread.id,) for thread in threads]
    if not ids:
        return
    values = {"sequence": ThreadRow.sequence + 1, "shown_version": ThreadRow.shown_version + 1, "changed_at": now}
    statement = update(ThreadRow).where(any_of(dialect, ThreadRow.id)).values(values | columns)
    await connection.execute(statement, row_parameters(dialect, ids))


async def write_counts(connection: AsyncConnection, threads: Iterable[Thread], *, now: datetime) -> None:
    """Write the counts of ``threads``, which the transaction has locked."""
    rows = [
        {
            "thread_id": thread.id,
            "reply_count": thread.reply_count,
            "places": thread.places,
            "sequence": thread.sequence,
            "shown_version": thread.shown_version,
            "changed_at": now,
        }
        for thread in sorted(threads, key=lambda thread: thread.id)
    ]
    await run_many(connection, _STATEMENT, rows)
