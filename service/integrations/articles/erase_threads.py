"""Erase the comments of deleted articles, where the site's settings ask for it.

The work runs in batches. Each batch is one transaction and holds the thread's lock briefly. Progress is stored in a
row, so any process can resume after a crash. Comments are erased first, from the last in reading order to the
first, so the ancestors of a remaining comment stay visible. Finally one event reports the result.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import COLUMNS, Comment, CommentRow, IdempotencyKeyRow, comment_of
from service.conversation.comments.states import erase_comments
from service.conversation.comments.tree_paths import place_of
from service.conversation.threads.counts import write_counts
from service.conversation.threads.lock_threads import lock_threads_by_id
from service.conversation.threads.model import ErasureRow, Thread
from service.conversation.threads.thread_events import thread_event
from service.moderation.decisions.erase_comment_records import erase_comment_records
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType
from service.platform.sites.site_lookup import read_sites
from service.platform.storage.engine import Database

BATCH = 500


async def erase_threads(database: Database) -> None:
    """Erase the comments of every thread that has an erasure request."""
    async with database.read() as connection:
        threads = (await connection.scalars(select(ErasureRow.thread_id).order_by(ErasureRow.thread_id))).all()
    for thread_id in threads:
        has_more = True
        while has_more:
            async with database.write() as connection:
                has_more = await _erase_batch(connection, thread_id)


async def _erase_batch(connection: AsyncConnection, thread_id: int) -> bool:
    """Erase one batch of comments of a thread; return whether there may be more."""
    thread = (await lock_threads_by_id(connection, [thread_id]))[thread_id]
    row = ErasureRow
    statement = select(row.places, row.below).where(row.thread_id == thread_id)
    request = (await connection.execute(statement)).one_or_none()
    if request is None:  # another process has finished it
        return False
    comments = await _read_last(connection, thread, below=request.below)
    if not comments:
        await _finish(connection, thread)
        return False
    await _erase(connection, thread, comments, places=request.places)
    await connection.execute(update(row).where(row.thread_id == thread_id).values(below=comments[-1].path))
    return True


async def _read_last(connection: AsyncConnection, thread: Thread, *, below: bytes) -> list[Comment]:
    """Return the last comments of ``thread`` before the path ``below``, in reverse reading order."""
    of_thread = select(*COLUMNS).where(CommentRow.thread_id == thread.id, CommentRow.path < below)
    rows = await connection.execute(of_thread.order_by(CommentRow.path.desc()).limit(BATCH))
    return [comment_of(row) for row in rows]


async def _erase(connection: AsyncConnection, thread: Thread, comments: list[Comment], *, places: int) -> None:
    """Erase the comments that existed at the request; later ones belong to a restored article."""
    old = [comment for comment in comments if place_of(comment.path) <= places]
    if old:
        ids = [comment.id for comment in old]
        await erase_comment_records(connection, thread.site_id, ids)
        await erase_comments(connection, thread, old, replies_stay=thread.places > places, now=clock.now())


async def _finish(connection: AsyncConnection, thread: Thread) -> None:
    """Delete the request and append the final event: deleted, or updated if the thread is public again."""
    now = clock.now()
    await connection.execute(delete(ErasureRow).where(ErasureRow.thread_id == thread.id))
    await connection.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.thread_id == thread.id))
    site = (await read_sites(connection, [thread.site_id]))[thread.site_id]
    type_ = EventType.THREAD_UPDATED if thread.withdrawn_at is None else EventType.THREAD_DELETED
    event = thread_event(thread, site, type_, occurred_at=now)
    await write_counts(connection, [thread], now=now)
    await append_events(connection, [event])
