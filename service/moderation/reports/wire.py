"""Reports as they go over the wire."""

from datetime import datetime
from uuid import UUID

import msgspec

from service.conversation.threads.wire import Reason
from service.moderation.reports.report_store import Reason as ReportReason
from service.platform.wire import Body


class ReportIn(Body):
    """What a reader has against a comment."""

    reason: ReportReason
    note: Reason | None = None


class ReportOut(msgspec.Struct):
    """A report, without who filed it."""

    id: UUID
    reason: ReportReason
    note: str | None
    created_at: datetime


class Reports(msgspec.Struct):
    """The newest reports of a comment, 200 at most."""

    reports: list[ReportOut]
