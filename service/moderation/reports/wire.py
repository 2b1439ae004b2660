"""Request and response structs of reports."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from service.conversation.threads.wire import Reason
from service.moderation.reports.receipts import Outcome
from service.moderation.reports.report_store import Reason as ReportReason
from service.platform.wire import Body


class ReportIn(Body):
    """A report to file."""

    reason: ReportReason
    note: Reason | None = None
    contact: Annotated[str, Meta(min_length=1, max_length=254)] | None = None


class ReceiptLinks(msgspec.Struct):
    """Where the reporter reads the outcome: as JSON, and as a page."""

    url: str
    page: str


class FiledReport(msgspec.Struct):
    """A report for the reader who filed it; ``receipt`` is null if they had reported the same text before."""

    id: UUID
    reason: ReportReason
    note: str | None
    created_at: datetime
    receipt: ReceiptLinks | None


class ReceiptOut(msgspec.Struct):
    """The outcome of a report, for the reader who filed it; ``text`` says it in their language."""

    id: UUID
    comment_id: UUID
    article: str
    reason: ReportReason
    created_at: datetime
    outcome: Outcome
    decided_at: datetime | None
    text: list[str]


class ReportOut(msgspec.Struct):
    """A report for moderators, without its author but with their contact.

    ``words`` are the reported text of an ``illegal`` report until it is settled.
    """

    id: UUID
    reason: ReportReason
    note: str | None
    contact: str | None
    created_at: datetime
    settled: bool
    words: str | None


class Reports(msgspec.Struct):
    """The newest reports on a comment, at most 200."""

    reports: list[ReportOut]
