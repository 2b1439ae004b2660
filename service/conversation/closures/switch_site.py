"""Write the switches of sites that nobody asks for: their opening hours, and that nobody decides.

The hours take effect at their instants, written or not; whoever first finds one passed writes its event.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType, NewEvent
from service.platform.sites.edit_site import change_status, lock_site
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_status import SiteStatus

log = structlog.get_logger("onereply.site")


class SiteState(msgspec.Struct):
    """What happens to new comments of a site, why, and when its hours next change."""

    comments: Literal["open", "hold", "closed"]
    outside_hours: bool
    unattended: bool
    changes_at: datetime | None


def is_switch_due(site: Site, now: datetime) -> bool:
    """Whether the opening hours of ``site`` began or ended without an event yet."""
    return (site.status.outside_since is None) != (_outside_since(site, now) is None)


def _outside_since(site: Site, now: datetime) -> datetime | None:
    hours = site.hours_at(now)
    return None if hours is None or hours.is_open else hours.since or now


async def switch_due_sites(connection: AsyncConnection, sites: Iterable[Site]) -> None:
    """Write the switches of the opening hours of ``sites``."""
    for each in sites:
        if is_switch_due(each, clock.now()):
            site, now = await lock_site(connection, each.slug), clock.now()
            if is_switch_due(site, now):
                since, hours = _outside_since(site, now), site.hours_at(now)
                at = since or (hours and hours.since) or now
                await _switch(connection, msgspec.structs.replace(site.status, outside_since=since), site, at=at)


async def switch_attendance(connection: AsyncConnection, slug: str, *, unattended: bool) -> None:
    """Write that nobody decides, or that somebody is back."""
    site, now = await lock_site(connection, slug), clock.now()
    if unattended != (site.status.unattended_since is not None):
        status = msgspec.structs.replace(site.status, unattended_since=now if unattended else None)
        await _switch(connection, status, site, at=now)


async def _switch(connection: AsyncConnection, status: SiteStatus, site: Site, *, at: datetime) -> None:
    site, now = msgspec.structs.replace(site, status=msgspec.structs.replace(status, switched_at=at)), clock.now()
    await change_status(connection, site, site.status)
    state = SiteState(
        comments="closed" if site.closure_at(now) else "hold" if site.holds_at(now) else "open",
        outside_hours=site.status.outside_since is not None,
        unattended=site.status.unattended_since is not None,
        changes_at=site.changes_at(now),
    )
    log.info("site-switched", site=site.slug, **msgspec.structs.asdict(state))
    event = NewEvent(
        type=EventType.SITE_UPDATED,
        site_id=site.id,
        thread_id=None,
        sequence=None,
        occurred_at=at,
        data={"site": state},
    )
    await append_events(connection, [event])
