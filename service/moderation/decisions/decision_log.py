"""The log of decisions, newest first. It is append-only."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import ThreadRow
from service.conversation.threads.thread_lookup import belongs_to_article
from service.platform.events.model import DecisionRow
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site


class Decision(msgspec.Struct):
    """A decision: its target, its author, and for a comment the revision and the states before and after."""

    id: UUID
    action: str
    comment_id: UUID | None
    article: str | None
    reader_id: UUID | None
    ban_id: UUID | None
    before: str | None
    after: str | None
    revision: int | None
    reason: str | None
    note: str | None
    by_kind: str
    decided_by: str | None
    decided_at: datetime


class DecisionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter on decisions; None matches all. ``by`` is the id of a key or a moderator, or the name of a rule."""

    comment: UUID | None = None
    article: str | None = None
    sections: Sections = None
    reader: UUID | None = None
    by: str | None = None
    action: str | None = None
    reason: str | None = None
    automated: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


COLUMNS = tuple(
    ThreadRow.article if name == "article" else getattr(DecisionRow, name) for name in Decision.__struct_fields__
)


async def read_decisions(
    connection: AsyncConnection, site: Site, criteria: DecisionFilter, *, before: UUID | None, limit: int
) -> list[Decision]:
    """Return the ``limit`` newest decisions of ``site`` older than ``before`` that match the filter."""
    conditions = [DecisionRow.site_id == site.id, *_conditions(site, criteria)]
    if before is not None:
        conditions.append(DecisionRow.id < before)
    statement = (
        select(*COLUMNS)
        .outerjoin(ThreadRow, ThreadRow.id == DecisionRow.thread_id)
        .where(*conditions)
        .order_by(DecisionRow.id.desc())
        .limit(limit)
    )
    return [Decision(*row) for row in await connection.execute(statement)]


def _conditions(site: Site, criteria: DecisionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if criteria.comment is not None:
        conditions.append(DecisionRow.comment_id == criteria.comment)
    if criteria.article is not None:
        conditions.append(belongs_to_article(site, criteria.article))
    if criteria.sections is not None:
        conditions.append(ThreadRow.section.in_(criteria.sections))
    if criteria.reader is not None:
        conditions.append(DecisionRow.reader_id == criteria.reader)
    if criteria.by is not None:
        conditions.append(DecisionRow.decided_by == criteria.by)
    if criteria.action is not None:
        conditions.append(DecisionRow.action == criteria.action)
    if criteria.reason is not None:
        conditions.append(DecisionRow.reason == criteria.reason)
    if criteria.automated is not None:
        conditions.append((DecisionRow.by_kind == "rule") == criteria.automated)
    if criteria.since is not None:
        conditions.append(DecisionRow.decided_at >= criteria.since)
    if criteria.until is not None:
        conditions.append(DecisionRow.decided_at < criteria.until)
    return conditions
