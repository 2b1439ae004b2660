"""A page of a thread for moderators: its comments in reading order, in any state, complete as in the review queue."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import Comment
from service.conversation.comments.whole_thread import list_whole_thread, path_before
from service.conversation.threads.model import Thread
from service.moderation.queue.review_queue import QueuedComment, read_queued


class ThreadPart(NamedTuple):
    """Comments without texts in reading order, those that moderators can read, and the key of the next page."""

    places: list[Comment]
    queued: dict[UUID, QueuedComment]
    next_key: bytes | None


async def read_thread_part(
    connection: AsyncConnection, thread: Thread, *, after: bytes, limit: int, now: datetime
) -> ThreadPart:
    """Return the page after the path ``after``; it ends after ``limit`` comments, or as the queue's do."""
    listed = await list_whole_thread(connection, thread.id, after=after, limit=limit + 1)
    places, has_more = listed[:limit], len(listed) > limit
    queued, is_cut = await read_queued(connection, [each.id for each in places], now=now)
    if is_cut:
        last = next(place for place, each in enumerate(places) if each.id == queued[-1].comment.id)
        places, has_more = places[: last + 1], True
    key = places[-1].path if has_more else None
    return ThreadPart(places, {each.comment.id: each for each in queued}, key)


async def find_thread_part(
    connection: AsyncConnection, thread: Thread, comment: Comment, *, limit: int, now: datetime
) -> tuple[ThreadPart, bytes]:
    """Return a page that contains ``comment``, and the path after which it starts.

    It is the first page, or else one that starts at the root of the conversation, or else at the comment.
    """
    after = b""
    for of_root in (True, False):
        part = await read_thread_part(connection, thread, after=after, limit=limit, now=now)
        if any(each.id == comment.id for each in part.places):
            return part, after
        after = await path_before(connection, comment, of_root=of_root)
    return await read_thread_part(connection, thread, after=after, limit=limit, now=now), after
