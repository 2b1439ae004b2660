"""Request and response structs of measures, bans and readers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from service.conversation.readers.measure_lookup import Measure
from service.conversation.readers.model import MeasureAction
from service.conversation.threads.wire import Instant, Reason
from service.platform.access.fingerprints import Kind
from service.platform.wire import Body, BodyWithTimes


class BanIn(BodyWithTimes):
    """A ban to create: a ``value`` of that kind, or a ``comment`` whose author to ban; its end and reason."""

    kind: Kind
    value: Annotated[str, Meta(min_length=1, max_length=254)] | None = None
    comment: UUID | None = None
    until: Instant | None = None
    reason: Reason | None = None


class MeasureIn(BanIn, kw_only=True):
    """A measure to take; the rest is as in a ban. The text of a note is its ``reason``."""

    action: MeasureAction


class BansQuery(Body):
    """Query of a page of bans."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class MeasuresQuery(BansQuery):
    """Query of a page of measures."""

    action: MeasureAction | None = None
    reader: UUID | None = None


class BanOut(msgspec.Struct):
    """A ban; ``masked_value`` is the target as moderators see it."""

    id: UUID
    kind: Kind
    masked_value: str
    reader_id: UUID | None
    reason: str | None
    until: datetime | None
    created_at: datetime


class MeasureOut(BanOut):
    """A measure."""

    action: MeasureAction


class Bans(msgspec.Struct):
    """A page of bans in force, newest first, and the cursor of the next page."""

    bans: list[BanOut]
    next: str | None


class MeasuresPage(msgspec.Struct):
    """A page of measures in force, newest first, and the cursor of the next page."""

    measures: list[MeasureOut]
    next: str | None


class ReaderOut(msgspec.Struct):
    """A reader's history for moderators: names, comments by state, bans, and all measures."""

    id: UUID
    names: list[str]
    comments: dict[str, int]
    first_at: datetime
    last_at: datetime
    bans: list[BanOut]
    measures: list[MeasureOut]


def measure_out(measure: Measure) -> MeasureOut:
    """Return ``measure`` for moderators."""
    return MeasureOut(
        id=measure.id,
        action=measure.action,
        kind=measure.kind,
        masked_value=measure.masked_value,
        reader_id=measure.reader_id,
        reason=measure.reason,
        until=measure.until,
        created_at=measure.created_at,
    )
