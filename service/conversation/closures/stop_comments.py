"""Stop new comments for a caller, who may be limited to sections: count first, close, and undo."""

from datetime import datetime
from uuid import UUID

from service.conversation.closures.close_site import close_site, reopen_site
from service.conversation.closures.close_threads import close_threads, reopen_threads
from service.conversation.closures.closure_lookup import ThreadFilter, count_open, find_closure
from service.conversation.closures.model import Closure
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.problems import InvalidField
from service.platform.storage.engine import Database


async def count_stopped(database: Database, caller: Caller, criteria: ThreadFilter, *, until: datetime | None) -> int:
    """Count the open threads that :func:`stop_comments` would close; raises as it does."""
    _require_permitted(caller, criteria, until)
    async with database.read() as connection:
        return await count_open(connection, caller.site, criteria, now=clock.now())


async def stop_comments(
    database: Database, caller: Caller, criteria: ThreadFilter, *, reason: str | None, until: datetime | None
) -> Closure:
    """Close the whole site, or the open threads that match; the caller must evict the site from the cache.

    Raises InvalidField if ``until`` has passed, NotFound for a section outside the caller's, or Forbidden without one.
    """
    threads = await count_stopped(database, caller, criteria, until=until) if criteria.is_whole_site else 0
    _require_permitted(caller, criteria, until)
    if not criteria.is_whole_site:
        return await close_threads(database, caller.site, criteria, reason=reason, until=until, by=caller.actor)
    async with database.write() as connection:
        return await close_site(
            connection, caller.site.slug, reason=reason, until=until, threads=threads, by=caller.actor
        )


async def undo_stop(database: Database, caller: Caller, closure_id: UUID | None) -> Closure:
    """Undo a closure, by default that of the whole site; the caller must evict the site from the cache.

    Raises NotFound, or Forbidden if the caller is limited to sections and the whole site is closed.
    """
    if closure_id is not None:
        async with database.read() as connection:
            closure = await find_closure(connection, caller.site.id, closure_id)
        caller.require_section(closure.section)
        if closure.scope == "threads":
            return await reopen_threads(database, caller.site, closure, by=caller.actor)
    caller.require_whole_site()
    async with database.write() as connection:
        return await reopen_site(connection, caller.site.slug, closure_id, by=caller.actor)


def _require_permitted(caller: Caller, criteria: ThreadFilter, until: datetime | None) -> None:
    if until is not None and until <= clock.now():
        raise InvalidField("“until” must be in the future.", pointer="/until")
    if criteria.section is None:
        caller.require_whole_site()
    else:
        caller.require_section(criteria.section)
