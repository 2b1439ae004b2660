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


class EventCommentOut(LoggedComment):
    """The comment of an event, with its text as it is now; without it, ``text_withheld`` says why."""

    author: AuthorOut | None
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
