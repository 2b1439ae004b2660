"""Authors can delete their comments at any time: text and author are erased for good."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import lock_own_comment
from service.conversation.comments.comment_versions import delete_versions
from service.conversation.comments.findings_store import delete_findings
from service.conversation.comments.fingerprint_retention import erase_address_fingerprints
from service.conversation.comments.model import Comment, State
from service.conversation.comments.settle_reports import settle_by_author_deletion
from service.conversation.comments.states import Change, change_states
from service.conversation.threads.close_thread import close_due_threads
from service.conversation.threads.model import Thread
from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.sites.site_lookup import Site


async def delete_comment(connection: AsyncConnection, site: Site, comment_id: UUID, *, reader_id: UUID | None) -> None:
    """Delete a comment for its author ``reader_id``: text and author are erased for good. Idempotent.

    Raises NotFound if the comment is not theirs.
    """
    comment, thread = await lock_own_comment(connection, site, comment_id, reader_id)
    if not is_erased(comment):
        await delete_for_author(connection, site, [(comment, thread)])


def is_erased(comment: Comment) -> bool:
    """Whether the text and the author of ``comment`` are erased already."""
    return comment.state is State.DELETED and not comment.body and not comment.author_name


async def delete_for_author(
    connection: AsyncConnection, site: Site, comments: Sequence[tuple[Comment, Thread]]
) -> None:
    """Delete ``comments`` for their author, with their locked threads: text and author are erased for good.

    It settles the open reports on them, except those of illegal content (``settle_reports.py``).
    """
    now, ids = clock.now(), [comment.id for comment, _ in comments]
    threads = {thread.id: thread for _, thread in comments}
    closed = await close_due_threads(connection, threads.values(), {site.id: site}, now=now)
    await settle_by_author_deletion(connection, site, [comment for comment, _ in comments], now=now)
    for comment, _ in comments:
        comment.author_name = comment.body = comment.html = ""
        comment.author_email = comment.author_url = comment.author_avatar = comment.author_subject = None
        comment.edited_at = comment.text_hash = None
    await erase_address_fingerprints(connection, ids)
    await delete_findings(connection, ids)
    await delete_versions(connection, ids)
    changes = [Change(thread, site, comment, State.DELETED, EventType.COMMENT_DELETED) for comment, thread in comments]
    await change_states(connection, changes, now=now, earlier_events=closed)
