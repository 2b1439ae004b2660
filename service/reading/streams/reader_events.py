"""The stream events of readers, made from events of the log. Pure.

The log is for the host: it includes pending comments, decisions and reports. Readers get only comments that become
visible, change visibly or disappear.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from service.conversation.comments.model import State
from service.conversation.comments.wire import CommentOut
from service.conversation.threads.labels import labels
from service.conversation.threads.thread_policy import if_announced
from service.conversation.threads.wire import State as ThreadState
from service.conversation.threads.wire import ThreadOut
from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.sites.site_lookup import Site
from service.reading.streams.wire import (
    Data,
    LiveChange,
    LiveComment,
    LiveEnd,
    LiveRemoval,
    LiveThread,
    RemovedComment,
    encode_message,
)


class StreamEventName(StrEnum):
    """The names of stream events."""

    PUBLISHED = "comment.published"
    EDITED = "comment.edited"
    REMOVED = "comment.removed"
    UPDATED = "thread.updated"
    CLOSED = "thread.closed"
    REOPENED = "thread.reopened"
    GONE = "thread.gone"


class EventClosing(msgspec.Struct):
    """When the thread of an event closes, if known."""

    at: datetime | None


class EventThread(msgspec.Struct):
    """The part of an event's thread that readers get, or that decides whether they get it."""

    article: str
    title: str
    state: ThreadState
    closing: EventClosing
    close_reason: str | None
    published_at: datetime | None
    withdrawn_at: datetime | None
    comments_on: bool
    reply_count: int
    sequence: int
    closed_by_site: bool = False
    section: str | None = None


class EventComment(msgspec.Struct):
    """The part of an event's comment that decides whether readers get it."""

    id: UUID
    state: State


class LoggedEvent(msgspec.Struct):
    """The part of an event that matters to readers; a new comment has no ``previous_state``."""

    thread: EventThread
    comment: EventComment | None = None
    previous_state: State | None = None


class ReaderEvent(msgspec.Struct, kw_only=True):
    """An event for readers of ``site``, with the public ``comment`` if it has one; encoded once per language.

    ``is_of_site``: it is about the whole site, so its number is that of an earlier event of the thread.
    """

    site: Site
    thread_id: int
    position: int
    name: StreamEventName
    logged: LoggedEvent
    comment: CommentOut | None = None
    reload: bool = False
    is_of_site: bool = False
    encoded: dict[str, bytes] = {}

    @property
    def sequence(self) -> int:
        """The event's number in its thread."""
        return self.logged.thread.sequence

    def message_in(self, locale: str) -> bytes:
        """Return the encoded message in the language of ``locale``."""
        message = self.encoded.get(locale)
        if message is None:
            data = _data(self, locale)
            message = self.encoded[locale] = encode_message(self.name.value, data, position=self.position)
        return message


def is_hidden(thread: EventThread, now: datetime) -> bool:
    """Whether the article is withdrawn or under embargo at the instant ``now``."""
    return thread.withdrawn_at is not None or (thread.published_at is not None and thread.published_at > now)


def name_of(event: str, logged: LoggedEvent, *, now: datetime) -> StreamEventName | None:
    """Return the name under which readers get an ``event`` of the log, or None if they do not."""
    comment = logged.comment
    if event.startswith("thread."):
        if is_hidden(logged.thread, now):
            return StreamEventName.GONE
        return _THREAD_EVENTS.get(EventType(event), StreamEventName.UPDATED)
    if comment is None or not event.startswith("comment."):
        return None
    was_public, is_public = logged.previous_state is State.PUBLISHED, comment.state is State.PUBLISHED
    if is_public and not was_public:
        return StreamEventName.PUBLISHED
    if was_public and not is_public:
        return StreamEventName.REMOVED
    return StreamEventName.EDITED if is_public and event in _REDRAWN else None


_REDRAWN = {EventType.COMMENT_EDITED, EventType.COMMENT_FEATURED, EventType.COMMENT_UNFEATURED}
_THREAD_EVENTS = {EventType.THREAD_CLOSED: StreamEventName.CLOSED, EventType.THREAD_REOPENED: StreamEventName.REOPENED}


def without_repeated_gone(events: list[ReaderEvent]) -> list[ReaderEvent]:
    """Remove ``thread.gone`` events up to the thread's return, for a client that already has one."""
    back = next((each.sequence for each in events if each.name in _THREAD_IS_PUBLIC), None)
    return [each for each in events if each.name is not StreamEventName.GONE or (back and each.sequence > back)]


_THREAD_IS_PUBLIC = {StreamEventName.UPDATED, StreamEventName.CLOSED, StreamEventName.REOPENED}


def reload_event(thread: ThreadOut, site: Site, *, thread_id: int, position: int) -> ReaderEvent:
    """Return the event that asks a client to reload ``thread``, because it missed too many events."""
    logged = LoggedEvent(msgspec.convert(thread, EventThread, from_attributes=True))
    return ReaderEvent(
        site=site,
        thread_id=thread_id,
        position=position,
        name=StreamEventName.UPDATED,
        logged=logged,
        reload=True,
    )


def site_event(thread: ThreadOut, site: Site, *, thread_id: int, position: int) -> ReaderEvent:
    """Return the event that tells the readers of a thread the state of their site."""
    event = reload_event(thread, site, thread_id=thread_id, position=position)
    name = StreamEventName.CLOSED if thread.closed_by_site else StreamEventName.UPDATED
    return msgspec.structs.replace(event, name=name, reload=False, is_of_site=True, encoded={})


def _data(event: ReaderEvent, locale: str) -> Data:
    logged = event.logged
    if event.name is StreamEventName.GONE:
        return LiveEnd(logged.thread.article)
    thread = _thread_out(logged.thread, event.site, locale)
    if event.name is StreamEventName.REMOVED:
        assert logged.comment
        return LiveRemoval(thread, RemovedComment(logged.comment.id))
    if event.comment is not None:
        return LiveComment(thread, event.comment)
    return LiveChange(thread, reload=True) if event.reload else LiveChange(thread)


def _thread_out(thread: EventThread, site: Site, locale: str) -> LiveThread:
    """Return the thread of an event; whether its site is closed is as of now, not as it was at the event."""
    now = clock.now()
    closure = site.closure_at(now, thread.section)
    closed_itself = thread.state == "closed" and not thread.closed_by_site
    closed = closed_itself or closure is not None
    closes_at = if_announced(thread.closing.at, now) if thread.comments_on and not closed else None
    reason = thread.close_reason if closed_itself else closure.reason if closure else None
    lines = labels(
        locale=locale,
        count=thread.reply_count,
        title=thread.title,
        closed=closed,
        comments_on=thread.comments_on,
        closes_at=closes_at,
        time_zone=site.settings.time_zone,
    )
    return LiveThread(
        article=thread.article,
        state="closed" if closed else "open",
        reply_count=thread.reply_count,
        label=lines.label,
        heading=lines.heading,
        notice=lines.notice,
        closes_at=closes_at,
        close_reason=reason,
        sequence=thread.sequence,
    )
