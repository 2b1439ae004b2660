"""Every event there is: its type, when it happens, and what it carries.

A type is ``noun.participle``. Each event carries what it left behind, so that a receiver renders with no further
call, and the highest ``position`` of an article wins.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class EventType(StrEnum):
    """The types of events: a thread's life, then a comment's, then what is done about readers and endpoints."""

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
    REPORT_FILED = "report.filed"
    READER_BANNED = "reader.banned"
    READER_UNBANNED = "reader.unbanned"
    ENDPOINT_DISABLED = "endpoint.disabled"


class NewEvent(msgspec.Struct, kw_only=True):
    """An event before the log has numbered it.

    ``data`` is what it left behind (the thread, and the comment where there is one) as structs of the wire;
    ``sequence`` counts the events of its thread.
    """

    type: EventType
    site_id: int
    thread_id: int | None
    sequence: int | None
    occurred_at: datetime
    data: dict[str, Any]


class Event(msgspec.Struct):
    """An event as it goes over the wire."""

    id: UUID
    type: str
    position: int
    sequence: int | None
    occurred_at: datetime
    data: msgspec.Raw
