"""What streams send, as server-sent events (WHATWG HTML, section 9.2)."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.comments.wire import CommentOut
from service.conversation.threads.wire import State
from service.platform.wire import Body


class StreamQuery(Body):
    """What the client has already: the thread's ``sequence``."""

    sequence: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None


class LiveThread(msgspec.Struct):
    """What changes of a thread before readers' eyes, its lines in the reader's language."""

    article: str
    state: State
    reply_count: int
    label: str
    heading: str
    notice: str | None
    close_reason: str | None
    sequence: int


class LiveComment(msgspec.Struct):
    """A comment that came into public view, or has other words; as every reader sees it."""

    thread: LiveThread
    comment: CommentOut


class RemovedComment(msgspec.Struct):
    """A comment that left public view."""

    id: UUID


class LiveRemoval(msgspec.Struct):
    """That a comment left public view."""

    thread: LiveThread
    comment: RemovedComment


class LiveChange(msgspec.Struct):
    """A thread that changed.

    ``reload`` is there, and true, where comments came or went that are not told one by one.
    """

    thread: LiveThread
    reload: bool | UnsetType = UNSET


class LiveEnd(msgspec.Struct):
    """That readers may no longer know of the article; the stream ends with it."""

    article: str


Data = LiveComment | LiveRemoval | LiveChange | LiveEnd

RETRY = b"retry: 2000\n\n"  # milliseconds after which a client comes back that lost the connection


def encode_message(name: str, data: Data, *, position: int) -> bytes:
    """The event called ``name``, whose id is a position of the log."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (position, name.encode(), msgspec.json.encode(data))


def encode_position(position: int) -> bytes:
    """That the client has come to ``position``; a browser remembers it and tells its page nothing."""
    return b"id: %d\n\n" % position
