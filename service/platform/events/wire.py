"""The event log on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from service.platform.events.event_types import Event
from service.platform.wire import Body


class EventsQuery(Body):
    """The position to read from, and the number of events."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class Events(msgspec.Struct):
    """A page of events. ``next`` is the ``after`` of the next page; ``head`` is the site's newest position."""

    events: list[Event]
    next: int
    head: int
