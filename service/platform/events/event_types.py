"""Every event type: when it occurs and what it carries.

A type is ``noun.participle``. Each event carries the resulting state, so that a receiver needs no further call. For
each article, keep the event with the highest ``position``.

Promise 7: an event holds ids, states, a comment's revision and the thread, never a comment's text or author, the note
of a report or the reason of a ban. ``integrations/event_log/event_texts.py`` adds these when an event is read.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class EventType(StrEnum):
    """Event types, in order: threads, comments, then reports, readers, endpoints and sites."""

    THREAD_CREATED = "thread.created"
    THREAD_UPDATED = "thread.updated"
    THREAD_CLOSED = "thread.closed"
    THREAD_REOPENED = "thread.reopened"
    THREAD_WITHDRAWN = "thread.withdrawn"
    THREAD_RESTORED = "thread.restored"
    THREAD_MOVED = "thread.moved"
    THREAD_IMPORTED = "thread.imported"
    THREAD_DELETED = "thread.deleted"
    COMMENT_PUBLISHED = "comment.published"
    COMMENT_HELD = "comment.held"
    COMMENT_EDITED = "comment.edited"
    COMMENT_REJECTED = "comment.rejected"
    COMMENT_SPAM = "comment.spam"
    COMMENT_DELETED = "comment.deleted"
    COMMENT_RESTORED = "comment.restored"
    COMMENT_FEATURED = "comment.featured"
    COMMENT_UNFEATURED = "comment.unfeatured"
    REPORT_FILED = "report.filed"
    READER_BANNED = "reader.banned"
    READER_UNBANNED = "reader.unbanned"
    ENDPOINT_DISABLED = "endpoint.disabled"
    SITE_CLOSED = "site.closed"
    SITE_REOPENED = "site.reopened"
    SITE_UPDATED = "site.updated"


class NewEvent(msgspec.Struct, kw_only=True):
    """An event before the log numbers it.

    ``data`` is the resulting state (the thread, and the comment if any) as wire structs; ``sequence`` counts the events
    of its thread.
    """

    type: EventType
    site_id: int
    thread_id: int | None
    sequence: int | None
    occurred_at: datetime
    data: dict[str, Any]


class Event(msgspec.Struct):
    """An event of the log."""

    id: UUID
    type: str
    position: int
    sequence: int | None
    occurred_at: datetime
    data: msgspec.Raw
