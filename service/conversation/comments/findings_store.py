"""Store the findings of a comment beside it."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import FindingRow
from service.conversation.screening.findings import Finding, Rule
from service.platform.storage.portable import any_of, insert_many, row_parameters

# Findings from people, and those on data that is available only when a comment arrives.
KEPT_ON_EDIT = (
    *(Rule.REPORT_THRESHOLD.value, Rule.APPEAL.value),
    *(Rule.HONEYPOT.value, Rule.MIN_FORM_SECONDS.value, Rule.AKISMET.value, Rule.ON_AKISMET_FAILURE.value),
)


def finding_rows(comment_id: UUID, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the rows to insert for the findings of a comment."""
    return [
        {
            "comment_id": comment_id,
            "rule": each.rule.value,
            "action": each.action,
            "matched": each.matched,
            "shadow": each.shadow,
        }
        for each in findings
    ]


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


async def delete_findings(connection: AsyncConnection, comment_id: UUID) -> None:
    """Delete all findings of a comment whose text is erased."""
    await connection.execute(delete(FindingRow).where(FindingRow.comment_id == comment_id))


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
        found[row.comment_id].append(Finding(Rule(row.rule), row.action, row.matched, row.shadow))
    for findings in found.values():
        findings.sort(key=rule_order)
    return found


@lru_cache
def _read(dialect: str) -> Select[*tuple[Any, ...]]:
    row = FindingRow
    return select(row.comment_id, row.rule, row.action, row.matched, row.shadow).where(any_of(dialect, row.comment_id))
