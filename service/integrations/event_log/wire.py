"""The event log on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Raw

from service.conversation.comments.model import LoggedComment
from service.conversation.comments.visibility import TextWithheld
from service.conversation.comments.wire import AuthorOut
from service.conversation.threads.wire import SectionQuery


class EventsQuery(SectionQuery):
    """The position to read from, the number of events, and a filter by section."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class EventAuthorOut(AuthorOut):
    """The author of an event's comment, with the host's id of the user, if they were signed in."""

    subject: str | None


class ParentAuthorOut(msgspec.Struct):
    """The author of the comment that was answered: the name, and the host's id of the user."""

    name: str
    subject: str | None


class ParentOut(msgspec.Struct):
    """The comment that was answered; ``author`` is null if it is not published now."""

    id: UUID
    author: ParentAuthorOut | None


class EventCommentOut(LoggedComment):
    """The comment of an event, with its text as it is now; without it, ``text_withheld`` says why.

    ``parent`` is the comment that it answers, if it is a reply to one.
    """

    parent: ParentOut | None
    author: EventAuthorOut | None
    html: str | None
    text_withheld: TextWithheld | None


class EventOut(msgspec.Struct):
    """An event, with the texts that the host may read now."""

    id: UUID
    type: str
    position: int
    sequence: int | None
    occurred_at: datetime
    data: Raw


class Events(msgspec.Struct):
    """A page of events. ``next`` is the ``after`` of the next page; ``head`` is the site's newest position."""

    events: list[EventOut]
    next: int
    head: int
