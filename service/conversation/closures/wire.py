"""Request and response structs of closures."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from service.conversation.closures.model import Closure
from service.conversation.threads.wire import Instant, Reason
from service.platform.sites.sections import SectionName
from service.platform.wire import Body, BodyWithTimes


class SiteCloseIn(BodyWithTimes):
    """What to close: the whole site, or with a filter its open threads that match; why, and until when."""

    section: SectionName | None = None
    published_before: Instant | None = None
    quiet_since: Instant | None = None
    reason: Reason | None = None
    until: Instant | None = None
    dry_run: bool = False


class SiteReopenIn(Body):
    """The closure to undo; by default that of the whole site."""

    id: UUID | None = None


class ClosuresQuery(Body):
    """Query of a page of closures."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class CloseOut(msgspec.Struct):
    """The closure, null for a dry run, and the number of threads that it closes."""

    threads: int
    closure: Closure | None


class Closures(msgspec.Struct):
    """A page of closures, newest first, and the cursor of the next page."""

    closures: list[Closure]
    next: str | None
