"""Close a whole site, and reopen it.

Promise 2: the closure is in the site's status, which overrides every thread. A post reads the site under its locks, and
again with its last lock (``events/append.py``); a closure that commits in between makes it start again. So the cost
does not grow with the number of threads, and there is one event.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.closures.closure_lookup import find_closure
from service.conversation.closures.model import Closure, ClosureRow
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType, NewEvent
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.sites.edit_site import change_status, find_site, lock_site
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_status import SiteClosure


async def close_site(
    connection: AsyncConnection, slug: str, *, reason: str | None, until: datetime | None, threads: int, by: Actor
) -> Closure:
    """Close the site for good or ``until`` a time; ``threads`` is how many are open. A closed site stays as it is."""
    site = await _lock(connection, slug)
    now = clock.now()
    if closure := site.status.closure_at(now):
        return await find_closure(connection, site.id, closure.id)
    new = Closure(
        id=clock.new_id(),
        scope="site",
        section=None,
        published_before=None,
        quiet_since=None,
        reason=reason,
        closed_at=now,
        until=until,
        reopened_at=None,
        threads=threads,
    )
    await connection.execute(insert(ClosureRow).values(site_id=site.id, **msgspec.structs.asdict(new)))
    await record_decisions(connection, [NewDecision(site.id, "close", by, reason=reason)], now=now)
    await _switch(connection, site, SiteClosure(new.id, now, until, reason), new, EventType.SITE_CLOSED, at=now)
    return new


async def reopen_site(connection: AsyncConnection, slug: str, closure_id: UUID | None, *, by: Actor) -> Closure:
    """End the closure of the site, if it is ``closure_id`` or that is None; an ended one stays as it is.

    Raises NotFound if the site has no such closure.
    """
    site = await _lock(connection, slug)
    closure = site.status.closure
    if closure is None or closure_id not in {closure.id, None}:
        return await find_closure(connection, site.id, closure_id)
    now = clock.now()
    await record_decisions(connection, [NewDecision(site.id, "reopen", by)], now=now)
    return await _reopen(connection, site, closure, at=now)


async def reopen_due_sites(connection: AsyncConnection, sites: Iterable[Site]) -> None:
    """Write the end of those closures of ``sites`` whose time has passed."""
    for site in sites:
        if site.status.is_due(clock.now()):
            await _lock(connection, site.slug)


async def _lock(connection: AsyncConnection, slug: str) -> Site:
    """Lock the site, and write the end of its closure if that has passed."""
    site, now = await lock_site(connection, slug), clock.now()
    closure = site.status.closure
    if closure is None or not site.status.is_due(now):
        return site
    await _reopen(connection, site, closure, at=closure.until or now)
    return await find_site(connection, slug)


async def _reopen(connection: AsyncConnection, site: Site, closure: SiteClosure, *, at: datetime) -> Closure:
    await connection.execute(update(ClosureRow).where(ClosureRow.id == closure.id).values(reopened_at=at))
    ended = await find_closure(connection, site.id, closure.id)
    await _switch(connection, site, None, ended, EventType.SITE_REOPENED, at=at)
    return ended


async def _switch(
    connection: AsyncConnection, site: Site, to: SiteClosure | None, closure: Closure, type_: EventType, *, at: datetime
) -> None:
    await change_status(connection, site, msgspec.structs.replace(site.status, closure=to, switched_at=at))
    event = NewEvent(
        type=type_, site_id=site.id, thread_id=None, sequence=None, occurred_at=at, data={"closure": closure}
    )
    await append_events(connection, [event])
