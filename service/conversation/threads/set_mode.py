"""Set the mode of a thread: a moderator holds all comments of one article, and goes back."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.close_thread import close_due_threads, write_closing
from service.conversation.threads.lock_threads import lock_thread
from service.conversation.threads.model import Thread, ThreadRow
from service.conversation.threads.thread_events import thread_event
from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_settings import Mode


async def set_mode(
    connection: AsyncConnection, site: Site, article: str, *, mode: Mode | None, reason: str | None, by: Actor
) -> Thread:
    """Set the mode of a thread, None for the site's; the mode that it has already changes nothing.

    Once the transaction has committed, every later comment is screened in that mode. Raises NotFound.
    """
    thread = await lock_thread(connection, site.id, article)
    now = clock.now()
    events = await close_due_threads(connection, [thread], {site.id: site}, now=now)
    if thread.mode != mode:
        thread.mode = mode
        await connection.execute(update(ThreadRow).where(ThreadRow.id == thread.id).values(mode=mode))
        events.append(thread_event(thread, site, EventType.THREAD_UPDATED, occurred_at=now))
        decision = NewDecision(site.id, "mode", by, thread_id=thread.id, reason=reason)
        await record_decisions(connection, [decision], now=now)
    await write_closing(connection, thread, events, now=now)
    return thread
