"""``thread_policy.is_closed`` and ``is_closed_itself`` as SQL."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_

from service.conversation.threads.model import ThreadRow
from service.conversation.threads.thread_policy import close_after_days
from service.platform.sites.site_lookup import Site


def is_closed_in_sql(site: Site, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a thread of ``site`` is closed, also with the site or by its section's hours.

    It is never NULL.
    """
    with_site, section = site.closure_at(now) is not None, func.coalesce(ThreadRow.section, "")
    others = [name for name in sorted(site.settings.sections) if (site.closure_at(now, name) is not None) != with_site]
    closed_with = section.not_in(others) if with_site else section.in_(others)
    return or_(closed_with, is_closed_itself_in_sql(site, now))


def is_closed_itself_in_sql(site: Site, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a thread of ``site`` is closed, whether or not the site is.

    It is never NULL, so that it can be negated.
    """
    is_published = ThreadRow.published_at.is_not(None)
    return or_(
        ThreadRow.closed_at.is_not(None),
        and_(ThreadRow.closing_kind == "at", ThreadRow.closing_at <= now),
        *(and_(is_published, due) for due in closes_by_days(site, now)),
    )


def closes_by_days(site: Site, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that an ``auto`` thread of ``site`` has passed its closing time: one for each section
    with a number of days of its own, and one for all others.
    """
    section, own = func.coalesce(ThreadRow.section, ""), sorted(site.settings.sections)
    for name in own:
        if (days := close_after_days(site, name)) is not None:
            yield and_(_published_before(now - timedelta(days=days)), section == name)
    if site.settings.close_after_days is not None:
        due = _published_before(now - timedelta(days=site.settings.close_after_days))
        yield and_(due, section.not_in(own)) if own else due


def _published_before(instant: datetime) -> ColumnElement[bool]:
    return and_(ThreadRow.closing_kind == "auto", ThreadRow.published_at <= instant)
