"""Which log events readers see, and as which stream event. Pure.

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
from service.conversation.threads.wire import State as ThreadState
from service.conversation.threads.wire import ThreadOut
from service.platform.events.event_types import EventType
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


class Name(StrEnum):
    """The names of stream events."""

    PUBLISHED = "comment.published"
    EDITED = "comment.edited"
    REMOVED = "comment.removed"
    UPDATED = "thread.updated"
    CLOSED = "thread.closed"
    REOPENED = "thread.reopened"
    GONE = "thread.gone"


class ThreadFacts(msgspec.Struct):
    """The part of an event's thread that readers get, or that decides whether they get it."""

    article: str
    title: str
    state: ThreadState
    close_reason: str | None
    published_at: datetime | None
    withdrawn_at: datetime | None
    comments_on: bool
    reply_count: int
    sequence: int


class CommentFacts(msgspec.Struct):
    """The part of an event's comment that decides whether readers get it."""

    id: UUID
    state: State


class EventFacts(msgspec.Struct):
    """The part of an event that matters to readers; a new comment has no ``previous_state``."""

    thread: ThreadFacts
    comment: CommentFacts | None = None
    previous_state: State | None = None


class ReaderEvent(msgspec.Struct, kw_only=True):
    """An event for readers, with the public ``comment`` if it has one; encoded once per language."""

    thread_id: int
    position: int
    name: Name
    facts: EventFacts
    comment: CommentOut | None = None
    reload: bool = False
    encoded: dict[str, bytes] = {}

    @property
    def sequence(self) -> int:
        """The event's number in its thread."""
        return self.facts.thread.sequence

    def in_(self, locale: str) -> bytes:
        """Return the encoded message in the language of ``locale``."""
        message = self.encoded.get(locale)
        if message is None:
            data = _data(self, locale)
            message = self.encoded[locale] = encode_message(self.name.value, data, position=self.position)
        return message


def is_hidden(thread: ThreadFacts, now: datetime) -> bool:
    """Whether the article is withdrawn or under embargo at the instant ``now``."""
    return thread.withdrawn_at is not None or (thread.published_at is not None and thread.published_at > now)


def name_of(event: str, facts: EventFacts, *, now: datetime) -> Name | None:
    """Return the name under which readers get an ``event`` of the log, or None if they do not."""
    comment = facts.comment
    if event.startswith("thread."):
        if is_hidden(facts.thread, now):
            return Name.GONE
        return _OF_THREADS.get(EventType(event), Name.UPDATED)
    if comment is None or not event.startswith("comment."):
        return None
    was, is_now = facts.previous_state is State.PUBLISHED, comment.state is State.PUBLISHED
    if is_now and not was:
        return Name.PUBLISHED
    if was and not is_now:
        return Name.REMOVED
    return Name.EDITED if is_now and event == EventType.COMMENT_EDITED else None


_OF_THREADS = {EventType.THREAD_CLOSED: Name.CLOSED, EventType.THREAD_REOPENED: Name.REOPENED}


def without_old_ends(told: list[ReaderEvent]) -> list[ReaderEvent]:
    """Remove repeated ``thread.gone`` events for a client that has one, until the thread is back."""
    back = next((each.sequence for each in told if each.name in _OF_A_THREAD_THAT_IS_THERE), None)
    return [each for each in told if each.name is not Name.GONE or (back and each.sequence > back)]


_OF_A_THREAD_THAT_IS_THERE = {Name.UPDATED, Name.CLOSED, Name.REOPENED}


def told_anew(thread: ThreadOut, *, thread_id: int, position: int) -> ReaderEvent:
    """Return the event that asks a client to reload ``thread``, because it missed too many events."""
    facts = EventFacts(msgspec.convert(thread, ThreadFacts, from_attributes=True))
    return ReaderEvent(thread_id=thread_id, position=position, name=Name.UPDATED, facts=facts, reload=True)


def _data(told: ReaderEvent, locale: str) -> Data:
    facts = told.facts
    if told.name is Name.GONE:
        return LiveEnd(facts.thread.article)
    thread = _thread_out(facts.thread, locale)
    if told.name is Name.REMOVED:
        assert facts.comment
        return LiveRemoval(thread, RemovedComment(facts.comment.id))
    if told.comment is not None:
        return LiveComment(thread, told.comment)
    return LiveChange(thread, reload=True) if told.reload else LiveChange(thread)


def _thread_out(thread: ThreadFacts, locale: str) -> LiveThread:
    lines = labels(
        locale=locale,
        count=thread.reply_count,
        title=thread.title,
        closed=thread.state == "closed",
        comments_on=thread.comments_on,
    )
    return LiveThread(
        article=thread.article,
        state=thread.state,
        reply_count=thread.reply_count,
        label=lines.label,
        heading=lines.heading,
        notice=lines.notice,
        close_reason=thread.close_reason,
        sequence=thread.sequence,
    )
