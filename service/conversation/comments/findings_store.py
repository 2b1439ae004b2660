"""Store the findings of a comment beside it, one row a rule; the screening webhook may have several in its row."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import FindingRow
from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.webhook_answer import decode_details, encode_details, in_one
from service.platform.storage.portable import any_of, insert_many, row_parameters

# Findings from people, and those on data that is available only when a comment arrives.
KEPT_ON_EDIT = (
    *(Rule.REPORT_THRESHOLD.value, Rule.APPEAL.value),
    *(Rule.HONEYPOT.value, Rule.MIN_FORM_SECONDS.value, Rule.AKISMET.value, Rule.ON_AKISMET_FAILURE.value),
    Rule.STAFF_NAME.value,
)


def finding_rows(comment_id: UUID, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the rows to insert for the findings of a comment."""
    webhook = [each for each in findings if each.rule is Rule.SCREENING_WEBHOOK]
    rows = [_row(comment_id, each) for each in findings if each.rule is not Rule.SCREENING_WEBHOOK]
    return [*rows, _row(comment_id, in_one(webhook), encode_details(webhook))] if webhook else rows


def _row(comment_id: UUID, finding: Finding, details: str | None = None) -> dict[str, Any]:
    return {
        "comment_id": comment_id,
        "rule": finding.rule.value,
        "action": finding.action,
        "matched": finding.matched,
        "shadow": finding.shadow,
        "details": details,
    }


async def replace_findings(connection: AsyncConnection, comment_id: UUID, findings: Sequence[Finding]) -> None:
    """Replace the findings of a comment; those of :data:`KEPT_ON_EDIT` stay."""
    by_rules = delete(FindingRow).where(FindingRow.comment_id == comment_id, FindingRow.rule.not_in(KEPT_ON_EDIT))
    await connection.execute(by_rules)
    await insert_many(connection, FindingRow, finding_rows(comment_id, findings))


async def add_finding(connection: AsyncConnection, comment_id: UUID, finding: Finding) -> None:
    """Add ``finding`` to a comment; it replaces an earlier one of the same rule."""
    same = delete(FindingRow).where(FindingRow.comment_id == comment_id, FindingRow.rule == finding.rule.value)
    await connection.execute(same)
    await insert_many(connection, FindingRow, finding_rows(comment_id, [finding]))


async def delete_findings(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Delete all findings of the comments ``ids``, whose texts are erased."""
    await connection.execute(delete(FindingRow).where(FindingRow.comment_id.in_(ids)))


_ORDER = {rule: number for number, rule in enumerate(Rule)}


def rule_order(finding: Finding) -> int:
    """The sort key that puts findings in the order of :class:`Rule`."""
    return _ORDER[finding.rule]


async def read_findings(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, list[Finding]]:
    """Read the findings of each of the comments ``ids``, in the order of :class:`Rule`."""
    found: dict[UUID, list[Finding]] = {comment_id: [] for comment_id in ids}
    if not ids:
        return found
    dialect = connection.dialect.name
    for row in await connection.execute(_read(dialect), row_parameters(dialect, [(id_,) for id_ in ids])):
        found[row.comment_id] += findings_of(row)
    for findings in found.values():
        findings.sort(key=rule_order)
    return found


def findings_of(row: Row[*tuple[Any, ...]]) -> list[Finding]:
    """Return the findings in a row with the columns of the table except the comment's id."""
    if row.details is not None:
        return decode_details(row.details, shadow=row.shadow)
    return [Finding(Rule(row.rule), row.action, row.matched, row.shadow)]


@lru_cache
def _read(dialect: str) -> Select[*tuple[Any, ...]]:
    row = FindingRow
    return select(row.comment_id, row.rule, row.action, row.matched, row.shadow, row.details).where(
        any_of(dialect, row.comment_id)
    )
