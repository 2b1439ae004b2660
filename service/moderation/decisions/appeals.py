"""Appeals: the author of a comment that is held, rejected, spam or removed can ask once for another review.

The decision log has each appeal, as an entry ``appeal`` by the author; the next decision on the comment answers it.
"""

from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import lock_own_comment
from service.conversation.comments.findings_store import add_finding, read_findings
from service.conversation.comments.model import Comment, State
from service.conversation.comments.statement_of_reasons import needs_statement
from service.conversation.comments.states import Change, change_states
from service.conversation.screening.findings import Finding, Rule
from service.conversation.threads.close_thread import close_due_threads
from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.events.record_decisions import AUTHOR, NewDecision, record_decisions
from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site


class NotHeld(Problem):
    """The comment is published, or its author deleted it, so there is nothing to review."""

    status: ClassVar[int] = 409
    slug = "not-held"


class AlreadyAppealed(Problem):
    """The author has already appealed for this comment."""

    status: ClassVar[int] = 409
    slug = "already-appealed"


async def file_appeal(
    connection: AsyncConnection, site: Site, comment_id: UUID, *, reader_id: UUID | None, note: str | None
) -> Comment:
    """File an appeal for a comment by ``reader_id``, with an optional ``note`` to the moderator.

    A comment that was decided becomes pending again. Raises NotFound, NotHeld or AlreadyAppealed.
    """
    comment, thread = await lock_own_comment(connection, site, comment_id, reader_id)
    if not needs_statement(comment):
        raise NotHeld(state=comment.state)
    findings = (await read_findings(connection, [comment_id]))[comment_id]
    if any(finding.rule is Rule.APPEAL for finding in findings):
        raise AlreadyAppealed
    await add_finding(connection, comment_id, Finding(Rule.APPEAL, "hold", note))
    now = clock.now()
    decision = NewDecision(
        site.id,
        "appeal",
        AUTHOR,
        comment_id=comment.id,
        thread_id=thread.id,
        reader_id=comment.reader_id,
        before=comment.state,
        after=State.PENDING,
        revision=comment.revision,
    )
    await record_decisions(connection, [decision], now=now)
    if comment.state is not State.PENDING:
        closed = await close_due_threads(connection, [thread], {site.id: site}, now=now)
        change = Change(thread, site, comment, State.PENDING, EventType.COMMENT_HELD)
        await change_states(connection, [change], now=now, earlier_events=closed)
    return comment
