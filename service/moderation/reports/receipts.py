"""Receipts of reports: an unguessable link by which the reporter reads the outcome.

A notice of illegal content must have an answer (EU Digital Services Act, article 16).

A token is ``report_`` and 256 random bits in base64url. The database stores only its SHA-256, as for sessions.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow
from service.conversation.readers.model import ReportRow
from service.conversation.threads.model import ThreadRow
from service.moderation.reports.report_store import Reason
from service.platform.events.model import DecisionRow
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site

PREFIX = "report_"
Outcome = Literal["open", "kept", "removed", "deleted"]


class Receipt(NamedTuple):
    """A report for its reporter; ``outcome`` is ``deleted`` if the comment's author deleted it before a decision."""

    id: UUID
    comment_id: UUID
    article: str
    title: str
    reason: Reason
    created_at: datetime
    outcome: Outcome
    decided_at: datetime | None


def new_token() -> str:
    """Return a new token; it can't be read again."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Return what is stored of ``token``."""
    return hashlib.sha256(token.encode()).digest()


async def find_receipt(connection: AsyncConnection, site: Site, token: str) -> Receipt:
    """Return the report of ``token``; raises NotFound."""
    report, decision = ReportRow, DecisionRow
    columns = (report.id, report.comment_id, ThreadRow.article, ThreadRow.title, report.reason, report.created_at)
    found = (
        select(*columns, decision.action, decision.after, decision.by_kind, decision.decided_at)
        .join(CommentRow, CommentRow.id == report.comment_id)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .outerjoin(decision, decision.id == report.settled_by)
        .where(report.receipt == hash_token(token), ThreadRow.site_id == site.id)
    )
    row = (await connection.execute(found)).one_or_none()
    if row is None:
        raise NotFound
    outcome = outcome_of(row.action, row.after, row.by_kind)
    decided_at = None if outcome == "open" else row.decided_at
    return Receipt(row.id, row.comment_id, row.article, row.title, row.reason, row.created_at, outcome, decided_at)


def outcome_of(action: str | None, after: str | None, by_kind: str | None) -> Outcome:
    """Return the outcome of a report that was settled by this decision; all None if none has settled it."""
    if action is None or after == "pending":
        return "open"
    if by_kind == "author":
        return "deleted"
    if action in {"publish", "restore"} or after == "published":
        return "kept"
    return "removed"
