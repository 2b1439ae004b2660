"""List the reports on a comment for a moderator, with the words that are sealed until the report is settled."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import find_comment
from service.moderation.reports.report_store import StoredReport, read_reports
from service.moderation.reports.sealed_words import open_words
from service.moderation.reports.wire import ReportOut
from service.platform.access.caller import Caller
from service.platform.storage.seal import Seal

MAX_REPORTS = 200


async def list_reports(connection: AsyncConnection, caller: Caller, comment_id: UUID, *, seal: Seal) -> list[ReportOut]:
    """Return the newest reports on a comment; raises NotFound outside the sections of ``caller``."""
    comment, thread = await find_comment(connection, caller.site, comment_id)
    caller.require_section(thread.section)
    return [_out(each, seal) for each in await read_reports(connection, comment.id, limit=MAX_REPORTS)]


def _out(stored: StoredReport, seal: Seal) -> ReportOut:
    report = stored.report
    words = None if stored.is_settled else open_words(seal, report.id, stored.sealed_words)
    note = report.note or (words.note if words else None)
    return ReportOut(
        id=report.id,
        reason=report.reason,
        note=note,
        contact=report.contact,
        created_at=report.created_at,
        settled=stored.is_settled,
        words=words.body if words else None,
    )
