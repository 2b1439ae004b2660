"""The status of a site: what changes by itself or by moderators, unlike its settings. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec


class SiteClosure(msgspec.Struct, frozen=True):
    """The closure of a whole site since ``closed_at``, for good or ``until`` a time; by its hours if ``id`` is None."""

    id: UUID | None
    closed_at: datetime
    until: datetime | None
    reason: str | None


class SiteStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A site's status, stored as JSON; ``switched_at`` is when it last changed, None if it never did.

    ``outside_since`` is the end of its opening hours, as announced; ``unattended_since`` is since when nobody decides.
    """

    closure: SiteClosure | None = None
    switched_at: datetime | None = None
    outside_since: datetime | None = None
    unattended_since: datetime | None = None

    def closure_at(self, now: datetime) -> SiteClosure | None:
        """Return the closure in force at ``now``; it ends by itself at its ``until``, written or not."""
        closure = self.closure
        return closure if closure and (closure.until is None or now < closure.until) else None

    def is_due(self, now: datetime) -> bool:
        """Whether the end of the closure has passed but is not written yet."""
        return self.closure is not None and self.closure_at(now) is None
