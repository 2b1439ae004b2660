"""Build the events of a thread and of its comments."""

from datetime import datetime
from typing import Any

from service.conversation.threads.model import Thread
from service.conversation.threads.wire import thread_out
from service.platform.events.event_types import EventType, NewEvent
from service.platform.sites.site_lookup import Site


def thread_event(thread: Thread, site: Site, event: EventType, *, occurred_at: datetime, **data: Any) -> NewEvent:
    """Build an ``event`` with ``thread`` as it is now, and ``data``.

    Takes the thread's next sequence; the caller writes it and appends the event. A thread event also raises
    ``shown_version``; for a comment event the caller does, if readers see a change.
    """
    thread.sequence += 1
    if event.startswith("thread."):
        thread.shown_version += 1
    return NewEvent(
        type=event,
        site_id=thread.site_id,
        thread_id=thread.id,
        sequence=thread.sequence,
        occurred_at=occurred_at,
        data={"thread": thread_out(thread, site, locale=site.locale, now=occurred_at), **data},
    )
