"""The statement of reasons that the author of an unpublished comment gets (EU Digital Services Act, article 17).

It says what was decided, on which ground, whether a person or a rule decided, and how to appeal.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.decision_reasons import reason_text
from service.conversation.comments.model import Comment, State
from service.conversation.screening.findings import Finding, Rule
from service.platform.events.model import DecisionRow
from service.platform.languages.messages import sentence
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters

Outcome = Literal["held", "rejected", "removed"]
Appeal = Literal["possible", "filed", "answered"]


class LastDecision(NamedTuple):
    """The last decision on a comment, by a person or a rule; an appeal is none."""

    reason: str | None
    by_kind: str
    before: State | None
    after: State | None
    decided_at: datetime


class Statement(msgspec.Struct):
    """What was decided about a comment and why; ``text`` says it in the author's language, a sentence each.

    ``removed`` means that it was published before. ``reason`` is the coded reason that a moderator gave.
    """

    outcome: Outcome
    reason: str | None
    automated: bool
    decided_at: datetime
    appeal: Appeal
    text: list[str]


async def read_last_decisions(connection: AsyncConnection, comments: Sequence[Comment]) -> dict[UUID, LastDecision]:
    """Read the last decision on each of ``comments`` that needs a statement; those without one are left out."""
    ids = [comment.id for comment in comments if needs_statement(comment)]
    if not ids:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_read(dialect), row_parameters(dialect, [(each,) for each in ids]))
    return {row[0]: LastDecision(*row[1:]) for row in rows}  # the last of each comment stays


@lru_cache
def _read(dialect: str) -> Select[*tuple[Any, ...]]:
    row = DecisionRow
    columns = (row.comment_id, row.reason, row.by_kind, row.before, row.after, row.decided_at)
    return select(*columns).where(any_of(dialect, row.comment_id), row.action != "appeal").order_by(row.id)


def needs_statement(comment: Comment) -> bool:
    """Whether the author gets a statement: the comment is not published, and they did not delete it themselves."""
    return comment.state is not State.PUBLISHED and bool(comment.body)


def statement_of(
    comment: Comment,
    decision: LastDecision | None,
    *,
    findings: Sequence[Finding],
    grounds: list[str],
    site: Site,
    locale: str,
) -> Statement:
    """Return the statement about ``comment``; ``grounds`` say why rules held it."""
    by_person = decision is not None and decision.by_kind != "rule"
    outcome, reason = _outcome(decision if by_person else None), None
    if decision is not None and by_person and outcome != "held":
        reason = decision.reason or "other"
        grounds = [reason_text(reason, site, locale=locale)]
    appeal = _appeal(comment, findings)
    keys = [outcome, "by_person" if by_person else "automated", f"appeal_{appeal}"]
    what, who, how = (sentence("statement", key, locale=locale) for key in keys)
    redress = [] if outcome == "held" else [sentence("statement", "redress", locale=locale)]
    return Statement(
        outcome=outcome,
        reason=reason,
        automated=not by_person,
        decided_at=decision.decided_at if decision else comment.edited_at or comment.created_at,
        appeal=appeal,
        text=[what, *grounds, who, how, *redress],
    )


def _outcome(by_person: LastDecision | None) -> Outcome:
    if by_person is None or by_person.after == State.PENDING:
        return "held"
    return "removed" if by_person.before == State.PUBLISHED else "rejected"


def _appeal(comment: Comment, findings: Sequence[Finding]) -> Appeal:
    if not any(finding.rule is Rule.APPEAL for finding in findings):
        return "possible"
    return "filed" if comment.state is State.PENDING else "answered"
