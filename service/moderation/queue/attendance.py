"""Notice when a queue grows and nobody decides: then all comments of the site wait until somebody is back."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.closures.switch_site import switch_attendance
from service.conversation.comments.model import CommentRow
from service.conversation.threads.model import ThreadRow
from service.conversation.threads.thread_lookup import of_site
from service.moderation.queue.review_queue import in_state
from service.platform import clock
from service.platform.events.model import DecisionRow
from service.platform.events.record_decisions import PEOPLE
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database


async def watch_attendance(database: Database, sites: list[Site]) -> None:
    """Write for each of ``sites`` that nobody decides, or that somebody is back; nothing where it is not set."""
    for site in sites:
        was = site.status.unattended_since is not None
        if site.settings.unattended_queue is None and not was:
            continue
        async with database.read() as connection:
            unattended = await is_unattended(connection, site, clock.now())
        if unattended != was:
            async with database.write() as connection:
                await switch_attendance(connection, site.slug, unattended=unattended)


async def is_unattended(connection: AsyncConnection, site: Site, now: datetime) -> bool:
    """Whether more comments wait than the site allows while nobody decides; once so, until the next decision."""
    longest, since = site.settings.unattended_queue, site.status.unattended_since
    if longest is None:
        return False
    quiet_since = since or now - timedelta(minutes=site.settings.unattended_minutes)
    decided = select(DecisionRow.id).where(
        DecisionRow.site_id == site.id,
        DecisionRow.comment_id.is_not(None),
        DecisionRow.by_kind.in_(PEOPLE),
        DecisionRow.decided_at > quiet_since,
    )
    if (await connection.execute(decided.limit(1))).one_or_none() is not None:
        return False
    if since is not None:
        return True
    waiting = select(CommentRow.id).join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
    waiting = waiting.where(of_site(connection.dialect.name, site), *in_state(site, "pending")).limit(longest + 1)
    count = select(func.count()).select_from(waiting.subquery())
    return (await connection.execute(count)).scalar_one() > longest
