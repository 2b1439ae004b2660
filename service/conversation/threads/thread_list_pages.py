"""Read a page of a site's threads for a caller, in the order of registration or sorted by activity."""

from datetime import datetime
from typing import NamedTuple

from service.conversation.threads.model import Thread
from service.conversation.threads.thread_activity import (
    MAX_EVENTS_BEFORE_LIST,
    Sort,
    decode_place,
    encode_place,
    list_active_threads,
    update_activity,
)
from service.conversation.threads.thread_list import list_threads
from service.conversation.threads.wire import ThreadsQuery
from service.platform.access.caller import Caller
from service.platform.http.cursors import decode_cursor, encode_cursor
from service.platform.problems import InvalidCursor, InvalidParameter
from service.platform.storage.engine import Database


class ThreadList(NamedTuple):
    """A page of threads, and the cursor of the next page."""

    threads: list[Thread]
    cursor: str | None


async def read_thread_list(database: Database, caller: Caller, query: ThreadsQuery, *, now: datetime) -> ThreadList:
    """Read a page of the threads in the caller's sections; raises InvalidParameter, or NotFound for other sections."""
    if query.sort:
        return await _read_sorted(database, caller, query, query.sort, now=now)
    if query.since:
        raise InvalidParameter("“since” needs “sort”; “changed_since” does not.", parameter="since")
    async with database.read() as connection:
        threads = await list_threads(
            connection,
            caller.site,
            state=query.state,
            sections=caller.sections(query.section),
            changed_since=query.changed_since,
            after=_id_from_cursor(query.cursor),
            limit=query.limit + 1,
            now=now,
        )
    cursor = encode_cursor(b"%d" % threads[query.limit - 1].id) if len(threads) > query.limit else None
    return ThreadList(threads[: query.limit], cursor)


async def _read_sorted(
    database: Database, caller: Caller, query: ThreadsQuery, sort: Sort, *, now: datetime
) -> ThreadList:
    if query.since and query.since > now:
        raise InvalidParameter("It must not be in the future.", parameter="since")
    for name in ("state", "changed_since"):
        if getattr(query, name) is not None:
            raise InvalidParameter(f"“{name}” can't be given with “sort”.", parameter=name)
    after = decode_place(query.cursor, sort)
    await update_activity(database, caller.site, limit=MAX_EVENTS_BEFORE_LIST)
    async with database.read() as connection:
        found = await list_active_threads(
            connection,
            caller.site,
            sort,
            sections=caller.sections(query.section),
            since=query.since,
            after=after,
            limit=query.limit + 1,
        )
    cursor = encode_place(sort, found[query.limit - 1][1]) if len(found) > query.limit else None
    return ThreadList([thread for thread, _ in found[: query.limit]], cursor)


def _id_from_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 0
    key = decode_cursor(cursor)
    if not key.isdigit() or len(key) > 18:
        raise InvalidCursor(parameter="cursor")
    return int(key)
