"""What was decided: the log of decisions, newest first. It is only ever added to."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.comments.model import State
from service.events.model import DecisionRow
from service.moderation.deciding import Verdict
from service.sites.finding import Site


class Decision(msgspec.Struct):
    """One judgement of one comment: by which key, of which revision, from which state to which."""

    id: UUID
    comment_id: UUID
    verdict: Verdict
    before: State
    after: State
    revision: int
    reason: str | None
    decided_by: str
    decided_at: datetime


COLUMNS = tuple(getattr(DecisionRow, name) for name in Decision.__struct_fields__)


async def read_decisions(
    connection: AsyncConnection, site: Site, *, comment: UUID | None, by: str | None, before: UUID | None, limit: int
) -> list[Decision]:
    """The ``limit`` newest decisions of ``site`` before the one ``before``, if told only of a comment or by a key."""
    terms = [DecisionRow.site_id == site.id]
    if comment is not None:
        terms.append(DecisionRow.comment_id == comment)
    if by is not None:
        terms.append(DecisionRow.decided_by == by)
    if before is not None:
        terms.append(DecisionRow.id < before)
    statement = select(*COLUMNS).where(*terms).order_by(DecisionRow.id.desc()).limit(limit)
    return [msgspec.convert(row._asdict(), Decision) for row in await connection.execute(statement)]
