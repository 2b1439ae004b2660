"""Request and response structs of reports."""

from datetime import datetime
from uuid import UUID

import msgspec

from service.conversation.threads.wire import Reason
from service.moderation.reports.report_store import Reason as ReportReason
from service.platform.wire import Body


class ReportIn(Body):
    """A report to file."""

    reason: ReportReason
    note: Reason | None = None


class ReportOut(msgspec.Struct):
    """A report, without its author."""

    id: UUID
    reason: ReportReason
    note: str | None
    created_at: datetime


class Reports(msgspec.Struct):
    """The newest reports on a comment, at most 200."""

    reports: list[ReportOut]
