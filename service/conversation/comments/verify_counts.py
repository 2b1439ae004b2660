"""Recount everything to verify the stored counts.

Each error is a sentence that gives the stored value and the value found.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from service.conversation.comments.model import CommentRow, State
from service.conversation.comments.tree_paths import LEVEL_BYTES, newest_path
from service.conversation.threads.model import ThreadRow
from service.platform.events.model import EventRow
from service.platform.sites.model import SiteRow


class _Node(msgspec.Struct):
    """A comment on the way down the tree; ``published`` if it or a comment below it is published."""

    path: bytes
    published: bool
    shown: bool


async def verify(connection: AsyncConnection) -> AsyncIterator[str]:
    """Yield one sentence for each error in the whole database; nothing if there is none."""
    async for error in _positions(connection):
        yield error
    columns = (ThreadRow.id, ThreadRow.article, ThreadRow.reply_count, ThreadRow.places, ThreadRow.sequence)
    for thread in (await connection.execute(select(*columns).order_by(ThreadRow.id))).all():
        where = f"thread {thread.id} (article {thread.article!r})"
        async for error in _thread(connection, thread.id, thread.reply_count, thread.places):
            yield f"{where}: {error}"
        first, last, count = await _range(connection, EventRow.sequence, EventRow.thread_id == thread.id)
        if last != thread.sequence or count != last - first + 1:
            yield f"{where}: sequence {thread.sequence}, but {count} events from {first} to {last}"


async def _positions(connection: AsyncConnection) -> AsyncIterator[str]:
    sites = await connection.execute(select(SiteRow.id, SiteRow.slug, SiteRow.position))
    for site in sites.all():
        first, last, count = await _range(connection, EventRow.position, EventRow.site_id == site.id)
        if last != site.position or count != last - first + 1:
            yield f"site {site.slug}: position {site.position}, but {count} events from {first} to {last}"


async def _range(
    connection: AsyncConnection, number: InstrumentedAttribute[Any], where: ColumnElement[bool]
) -> tuple[int, int, int]:
    """Return first, last and count of the numbers; 1, 0, 0 if there are none."""
    statement = select(func.min(number), func.max(number), func.count()).where(where)
    first, last, count = (await connection.execute(statement)).one()
    return (first, last, count) if count else (1, 0, 0)


async def _thread(connection: AsyncConnection, thread_id: int, reply_count: int, places: int) -> AsyncIterator[str]:
    """Walk one thread in reading order, with a stack of the comments above the current one."""
    columns = (CommentRow.path, CommentRow.newest_path, CommentRow.depth, CommentRow.state, CommentRow.shown)
    statement = select(*columns).where(CommentRow.thread_id == thread_id).order_by(CommentRow.path)
    above: list[_Node] = []
    published = last_place = 0
    async for path, newest, depth, state, shown in await connection.stream(statement):
        while above and not path.startswith(above[-1].path):
            if error := _shown_error(above.pop(), above):
                yield error
        is_published = state == State.PUBLISHED
        published += is_published
        last_place = max(last_place, int.from_bytes(path[-LEVEL_BYTES:], "big"))
        above.append(_Node(path, is_published, shown))
        if newest != newest_path(path) or depth != len(path) // LEVEL_BYTES - 1 or depth != len(above) - 1:
            yield f"the comment at {path.hex()}: depth {depth}, newest path {newest.hex()}, {len(above) - 1} above it"
    while above:
        if error := _shown_error(above.pop(), above):
            yield error
    if published != reply_count:
        yield f"reply count {reply_count}, published comments {published}"
    if last_place > places:
        yield f"last place {places}, but a comment has place {last_place}"


def _shown_error(node: _Node, above: list[_Node]) -> str | None:
    """Check that ``node`` is shown exactly if it or a descendant is published; pass that on to its parent."""
    if above:
        above[-1].published |= node.published
    return None if node.shown == node.published else f"the comment at {node.path.hex()} has shown {node.shown}"
