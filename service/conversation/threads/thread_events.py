"""How a thread tells an event of itself or of one of its comments."""

from datetime import datetime
from typing import Any

from service.conversation.threads.model import Thread
from service.conversation.threads.wire import thread_out
from service.platform.events.event_types import EventType, NewEvent
from service.platform.sites.site_lookup import Site


def tell(thread: Thread, site: Site, event: EventType, *, occurred_at: datetime, **data: Any) -> NewEvent:
    """The ``event`` with what it leaves behind: ``thread`` as it is now, and ``data``.

    Gives the event the thread's next sequence; the caller writes that and appends the event. What readers see of the
    thread has changed unless the event is of a comment, whose own deed knows better.
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
