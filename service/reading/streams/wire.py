"""Stream events on the wire: server-sent events (WHATWG HTML, section 9.2)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.comments.wire import CommentOut
from service.conversation.threads.wire import State
from service.platform.wire import Body


class StreamQuery(Body):
    """The ``sequence`` of the thread that the client already has."""

    sequence: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None


class LiveThread(msgspec.Struct):
    """The visible state of a thread, with its lines in the reader's language."""

    article: str
    state: State
    reply_count: int
    label: str
    heading: str
    notice: str | None
    closes_at: datetime | None
    close_reason: str | None
    sequence: int


class LiveComment(msgspec.Struct):
    """A comment that became visible or was edited, as every reader sees it."""

    thread: LiveThread
    comment: CommentOut


class RemovedComment(msgspec.Struct):
    """A comment that readers no longer see."""

    id: UUID


class LiveRemoval(msgspec.Struct):
    """A comment is no longer visible."""

    thread: LiveThread
    comment: RemovedComment


class LiveChange(msgspec.Struct):
    """A thread changed.

    ``reload`` is true when comments changed without an event for each; otherwise it is omitted.
    """

    thread: LiveThread
    reload: bool | UnsetType = UNSET


class LiveEnd(msgspec.Struct):
    """The article is no longer public; the stream ends."""

    article: str


Data = LiveComment | LiveRemoval | LiveChange | LiveEnd

RETRY = b"retry: 2000\n\n"  # milliseconds before a client reconnects


def encode_message(name: str, data: Data, *, position: int) -> bytes:
    """Encode the event ``name``; its id is a log position."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (position, name.encode(), msgspec.json.encode(data))


def encode_position(position: int) -> bytes:
    """Encode a log position without an event; browsers store it for the next reconnect."""
    return b"id: %d\n\n" % position
