"""Request and response structs of the transparency report."""

from datetime import datetime

import msgspec

from service.conversation.threads.wire import Instant
from service.moderation.reports.receipts import Outcome
from service.moderation.reports.report_store import Reason
from service.platform.wire import BodyWithTimes


class TransparencyQuery(BodyWithTimes):
    """The period: from ``since`` to before ``until``; by default the last 30 days."""

    since: Instant | None = None
    until: Instant | None = None


class DecisionCount(msgspec.Struct):
    """The number of decisions with an action and a coded reason on articles of a section.

    ``rule`` is the rule of automated ones. ``section`` is that of the articles now; null for none.
    """

    action: str
    reason: str | None
    rule: str | None
    section: str | None
    count: int


class ReportCount(msgspec.Struct):
    """The number of reports with a reason and an outcome on articles of a section."""

    reason: Reason
    outcome: Outcome
    section: str | None
    count: int


class AppealCounts(msgspec.Struct):
    """The appeals of the period: upheld if the next decision published the comment, else dismissed or unanswered."""

    filed: int
    upheld: int
    dismissed: int
    unanswered: int


class WaitingTimes(msgspec.Struct):
    """How long comments waited for a person, over the ``decisions`` on comments that waited; null if there are none."""

    decisions: int
    median_seconds: float | None
    p90_seconds: float | None


class TransparencyOut(msgspec.Struct):
    """The report on a period. ``automated_share`` is the share of decisions by rules; null if there are none."""

    since: datetime
    until: datetime
    total: int
    automated: int
    automated_share: float | None
    decisions: list[DecisionCount]
    reports: list[ReportCount]
    appeals: AppealCounts
    time_to_decision: WaitingTimes
