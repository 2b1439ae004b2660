"""What the rules find in a comment is kept beside it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.comments.model import FindingRow
from service.screening.findings import Finding, Rule
from service.storage.portable import insert_many


def finding_rows(comment_id: UUID, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The rows to insert for what was found in a comment."""
    return [
        {"comment_id": comment_id, "rule": each.rule.value, "verdict": each.verdict, "matched": each.matched}
        for each in findings
    ]


async def replace_findings(connection: AsyncConnection, comment_id: UUID, findings: Sequence[Finding]) -> None:
    """Forget what was found in a comment before, and keep ``findings``."""
    await connection.execute(delete(FindingRow).where(FindingRow.comment_id == comment_id))
    await insert_many(connection, FindingRow, finding_rows(comment_id, findings))


async def read_findings(connection: AsyncConnection, comment_id: UUID) -> list[Finding]:
    """What was found in a comment, in the order of the rules."""
    columns = (FindingRow.rule, FindingRow.verdict, FindingRow.matched)
    rows = await connection.execute(select(*columns).where(FindingRow.comment_id == comment_id))
    found = [msgspec.convert(row._asdict(), Finding) for row in rows]
    return sorted(found, key=lambda finding: list(Rule).index(finding.rule))
