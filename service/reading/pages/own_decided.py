"""The visitor's own comments in a thread that moderators did not publish or removed, each with its statement."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.model import COLUMNS, CommentRow, State, comment_of
from service.conversation.comments.statement_of_reasons import read_last_decisions
from service.conversation.comments.visibility import view_for
from service.conversation.comments.wire import CommentOut
from service.platform.access.caller import Caller
from service.platform.sites.site_lookup import Site

MAX_DECIDED = 3  # on a page: the newest


def statement_path(site: Site, comment_id: UUID) -> str:
    """Return the path of the page with the statement of reasons, below the base URL."""
    return f"/{site.slug}/comments/{comment_id}/statement"


async def read_decided(connection: AsyncConnection, reader: Caller, *, thread_id: int, locale: str) -> list[CommentOut]:
    """Return the newest of the reader's comments in a thread that a moderator decided against."""
    if reader.reader_id is None:
        return []
    row = CommentRow
    decided = or_(
        row.state.in_((State.REJECTED.value, State.DELETED.value)),
        (row.state == State.SPAM.value) & row.reports.is_(None),
    )
    own = select(*COLUMNS).where(row.reader_id == reader.reader_id, row.thread_id == thread_id, decided, row.body != "")
    rows = await connection.execute(own.order_by(row.id.desc()).limit(MAX_DECIDED))
    comments = [comment_of(each) for each in rows]
    findings = await read_findings(connection, [each.id for each in comments])
    decisions = await read_last_decisions(connection, comments)
    return [
        view_for(each, reader, locale=locale, findings=findings[each.id], decision=decisions.get(each.id))
        for each in comments
    ]
