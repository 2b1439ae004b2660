"""Settle the reports on comments.

*Why an author's deletion settles them*: the report asked for the text to go, and it is gone for good (promise 7), so
nothing is left to judge. A report that stayed open could never be decided; one that vanished would hide that a reader
deletes what others report. So the report stays, with its reason, time and the decision that settled it, and the
decision log has a decision ``delete`` by the author. Stack Overflow settles the flags on a deleted post in the same
way. Only the note is erased, because it may quote the text.

*Why reports of illegal content stay open*: a notice of illegal content must have a decision (EU Digital Services Act,
article 16), and deleting it must not be a way around that. Their words are sealed, so a moderator can still judge them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import Comment, State
from service.conversation.readers.model import ReportRow
from service.platform import clock
from service.platform.events.record_decisions import AUTHOR, NewDecision, record_decisions
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import run_many


async def settle_reports(connection: AsyncConnection, decisions: Mapping[UUID, UUID]) -> None:
    """Settle the open reports on each comment with its decision; ``decisions`` maps comment to decision."""
    rows = [{"of_comment": comment, "by_decision": decision} for comment, decision in sorted(decisions.items())]
    await run_many(connection, _SETTLE, rows)


_SETTLE = (
    update(ReportRow)
    .where(ReportRow.comment_id == bindparam("of_comment"), ReportRow.settled_by.is_(None))
    .values(settled_by=bindparam("by_decision"))
)


async def settle_by_author_deletion(
    connection: AsyncConnection, site: Site, comments: Sequence[Comment], *, now: datetime
) -> None:
    """Settle the open reports on ``comments`` that are about to be deleted for their author, and erase all notes.

    Reports with sealed words stay open and counted on the comment.
    """
    reported = [comment for comment in comments if comment.reports]
    sealed = await _count_sealed(connection, reported)
    settled = [(comment, (comment.reports or 0) - sealed.get(comment.id, 0)) for comment in reported]
    decisions = [_deletion(site, comment, reports) for comment, reports in settled if reports]
    if decisions:
        await record_decisions(connection, decisions, now=now)
        rows = [{"of_comment": each.comment_id, "by_decision": each.id} for each in decisions]
        await run_many(connection, _SETTLE_UNSEALED, rows)
    for comment in comments:
        comment.reports = sealed.get(comment.id)
    noted = ReportRow.comment_id.in_([comment.id for comment in comments]), ReportRow.note.is_not(None)
    await connection.execute(update(ReportRow).where(*noted).values(note=None))


async def _count_sealed(connection: AsyncConnection, reported: Sequence[Comment]) -> dict[UUID, int]:
    """Return the number of open reports with sealed words by comment, without those that have none."""
    if not reported:
        return {}
    counted = select(ReportRow.comment_id, func.count().label("reports")).where(
        ReportRow.comment_id.in_([comment.id for comment in reported]),
        ReportRow.settled_by.is_(None),
        ReportRow.sealed_words.is_not(None),
    )
    rows = await connection.execute(counted.group_by(ReportRow.comment_id))
    return {row.comment_id: row.reports for row in rows}


_SETTLE_UNSEALED = _SETTLE.where(ReportRow.sealed_words.is_(None))


def _deletion(site: Site, comment: Comment, reports: int) -> NewDecision:
    return NewDecision(
        site.id,
        "delete",
        AUTHOR,
        comment_id=comment.id,
        thread_id=comment.thread_id,
        reader_id=comment.reader_id,
        before=comment.state,
        after=State.DELETED,
        revision=comment.revision,
        reports=reports,
        id=clock.new_id(),
    )
