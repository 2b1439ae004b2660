"""The log as it goes over the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from service.platform.events.event_types import Event
from service.platform.wire import Body


class EventsQuery(Body):
    """Where to read on in the log."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class Events(msgspec.Struct):
    """Some events in order; ``next`` is what to read on after, ``head`` the newest position of the site."""

    events: list[Event]
    next: int
    head: int
