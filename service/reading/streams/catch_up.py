"""Catch-up: the events of a thread that a client missed, read from the log.

Events carry comments as they are now, not as they were when the event was written. A comment that was published for
an hour and then removed is not sent to later clients.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import read_comments
from service.conversation.comments.model import State
from service.conversation.comments.visibility import public_view
from service.conversation.threads.model import COLUMNS, Thread, ThreadRow, thread_of
from service.conversation.threads.thread_lookup import find_thread, require_visible
from service.conversation.threads.wire import thread_out
from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.events.model import EventRow
from service.platform.events.read_log import head_position
from service.platform.sites.site_lookup import Site, current_sites
from service.platform.storage.portable import any_of, row_parameters
from service.reading.streams.reader_events import (
    LoggedEvent,
    ReaderEvent,
    StreamEventName,
    is_hidden,
    name_of,
    site_event,
    without_repeated_gone,
)

BATCH_SIZE = 50  # events: with texts at their limit, 10 ms to read and as long to send
MAX_MISSED = 1_000  # events; a client that missed more reloads the thread
_COLUMNS = (EventRow.thread_id, EventRow.position, EventRow.type, EventRow.data)
SITE_EVENTS = {EventType.SITE_CLOSED, EventType.SITE_REOPENED, EventType.SITE_UPDATED}
_decode = msgspec.json.Decoder(LoggedEvent).decode


class Start(NamedTuple):
    """The start of a stream: the thread, its site's log position, and the client's sequence."""

    thread: Thread
    position: int
    sequence: int


async def find_start(
    connection: AsyncConnection, site_id: int, article: str, *, known_sequence: int | None, last_event: int | None
) -> Start:
    """Return the start for a client that has the sequence ``known_sequence`` or the position ``last_event``.

    Without both, the stream starts now. Raises :class:`NotFound` if readers can't see the thread.
    """
    thread = require_visible(await find_thread(connection, site_id, article), to_staff=False, now=clock.now())
    position = await head_position(connection, site_id)
    sequence = thread.sequence if known_sequence is None else min(known_sequence, thread.sequence)
    if last_event is not None:
        sequence = await _sequence_at(connection, thread, last_event)
    return Start(thread, position, sequence)


async def _sequence_at(connection: AsyncConnection, thread: Thread, position: int) -> int:
    """Return the thread's sequence at a log position; 0 if that is too far back to catch up.

    The query reads only events that a catch-up may send.
    """
    row = EventRow
    last = select(row.sequence).where(
        row.thread_id == thread.id, row.sequence >= thread.sequence - MAX_MISSED, row.position <= position
    )
    return await connection.scalar(last.order_by(row.sequence.desc()).limit(1)) or 0


class Missed(NamedTuple):
    """A batch of missed events, the sequence of its last one, and the log position when it was read.

    The last batch is empty; if the site was ever closed, it has the event with its state instead.
    """

    events: list[ReaderEvent]
    sequence: int
    position: int


async def read_missed(connection: AsyncConnection, site: Site, thread_id: int, *, after: int) -> Missed:
    """Read the next :data:`BATCH_SIZE` events of a thread after a sequence."""
    rows = (await connection.execute(_SINCE, {"thread": thread_id, "after": after})).all()
    if not rows:
        position = await head_position(connection, site.id)
        return Missed(await _site_events(connection, site, [thread_id], position=position), after, position)
    site = (await current_sites(connection, {site.id: site}))[site.id]
    events = await _reader_events(connection, site, rows)
    if any(each.name is StreamEventName.GONE for each in events) and await _was_hidden(connection, thread_id, at=after):
        events = without_repeated_gone(events)
    return Missed(events, after + len(rows), await head_position(connection, site.id))


_SINCE = (
    select(*_COLUMNS)
    .where(EventRow.thread_id == bindparam("thread"), EventRow.sequence > bindparam("after"))
    .order_by(EventRow.sequence)
    .limit(BATCH_SIZE)
)


async def _was_hidden(connection: AsyncConnection, thread_id: int, *, at: int) -> bool:
    """Whether readers could not see the thread as of the event with the sequence ``at``."""
    data = await connection.scalar(
        select(EventRow.data).where(EventRow.thread_id == thread_id, EventRow.sequence == at)
    )
    return data is not None and is_hidden(_decode(data).thread, clock.now())


async def _site_events(
    connection: AsyncConnection, site: Site, threads: Collection[int], *, position: int
) -> list[ReaderEvent]:
    """Return the event with the state of the site for each of ``threads``; none if the site was never closed."""
    site = (await current_sites(connection, {site.id: site}))[site.id]
    if site.status.switched_at is None or not threads:
        return []
    dialect, now = connection.dialect.name, clock.now()
    wanted = select(*COLUMNS).where(any_of(dialect, ThreadRow.id))
    rows = await connection.execute(wanted, row_parameters(dialect, [(id_,) for id_ in threads]))
    return [
        site_event(thread_out(thread, site, locale=site.locale, now=now), site, thread_id=thread.id, position=position)
        for thread in map(thread_of, rows)
        if not thread.is_hidden(now)
    ]


async def read_next(
    connection: AsyncConnection, site: Site, threads: Collection[int], *, after: int, until: int
) -> tuple[list[ReaderEvent], int]:
    """Read a site's next events after a log position; return those of ``threads`` and the new position.

    The query is one range of the log. A filter by thread in SQL could make the database read those threads' whole
    history.
    """
    rows = (await connection.execute(_READ_NEXT, {"site": site.id, "after": after, "until": until})).all()
    events = await _reader_events(connection, site, [row for row in rows if row.thread_id in threads])
    if switched := [row.position for row in rows if row.type in SITE_EVENTS]:
        events += await _site_events(connection, site, threads, position=switched[-1])
    return events, rows[-1].position if len(rows) == BATCH_SIZE else until


_READ_NEXT = (
    select(*_COLUMNS)
    .where(
        EventRow.site_id == bindparam("site"),
        EventRow.position > bindparam("after"),
        EventRow.position <= bindparam("until"),
    )
    .order_by(EventRow.position)
    .limit(BATCH_SIZE)
)


async def _reader_events(
    connection: AsyncConnection, site: Site, rows: Sequence[Row[*tuple[Any, ...]]]
) -> list[ReaderEvent]:
    now = clock.now()
    events: list[ReaderEvent] = []
    for thread_id, position, type_, data in rows:
        logged = _decode(data)
        name = name_of(type_, logged, now=now)
        if name:
            imported = type_ == EventType.THREAD_IMPORTED
            events.append(
                ReaderEvent(
                    site=site, thread_id=thread_id, position=position, name=name, logged=logged, reload=imported
                )
            )
    with_text = {each.logged.comment.id for each in events if each.logged.comment and each.name in _WITH_TEXT}
    comments = await read_comments(connection, with_text)
    for each in events:
        if each.name in _WITH_TEXT and each.logged.comment:
            comment = comments[each.logged.comment.id]
            if comment.state is State.PUBLISHED:
                each.comment = public_view(comment)
    return [each for each in events if each.comment or each.name not in _WITH_TEXT]


_WITH_TEXT = {StreamEventName.PUBLISHED, StreamEventName.EDITED}
