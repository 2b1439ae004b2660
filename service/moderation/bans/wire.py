"""Bans as they go over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from service.conversation.threads.wire import Instant, Reason
from service.platform.access.fingerprints import Kind
from service.platform.wire import Body, Timed


class BanIn(Timed):
    """Whom to ban: a ``value`` of that kind, or what the author of a ``comment`` has of it; until when, and why."""

    kind: Kind
    value: Annotated[str, Meta(min_length=1, max_length=254)] | None = None
    comment: UUID | None = None
    until: Instant | None = None
    reason: Reason | None = None


class BansQuery(Body):
    """Which bans to list."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class BanOut(msgspec.Struct):
    """A ban; ``told`` is as much as is kept of whom it is on."""

    id: UUID
    kind: Kind
    told: str
    reader_id: UUID | None
    reason: str | None
    until: datetime | None
    created_at: datetime


class Bans(msgspec.Struct):
    """Some of the bans that hold, the newest first, and the cursor of those that follow."""

    bans: list[BanOut]
    next: str | None


class ReaderOut(msgspec.Struct):
    """What moderators may know of a reader: what became of their comments, and what bans them."""

    id: UUID
    names: list[str]
    comments: dict[str, int]
    first_at: datetime
    last_at: datetime
    bans: list[BanOut]
