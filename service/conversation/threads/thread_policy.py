"""When a thread closes, whether it is closed, what readers are told of it, and its mode. Pure."""

from datetime import datetime, timedelta

from service.conversation.threads.model import Thread
from service.platform.sites.site_settings import Mode, SiteSettings

ANNOUNCED = timedelta(days=7)  # before the closing time


def closes_at(thread: Thread, settings: SiteSettings) -> datetime | None:
    """Return the time from which ``thread`` is closed, if known; None if it stays open."""
    return thread.closed_at or closing_time(thread, settings)


def closing_time(thread: Thread, settings: SiteSettings) -> datetime | None:
    """Return the closing time set for ``thread``, even if it was closed earlier; None if there is none.

    ``auto`` is derived from the article's ``published_at`` and the site's number of days, so it moves with both.
    """
    if thread.closing_kind == "auto" and thread.published_at and settings.close_after_days is not None:
        return thread.published_at + timedelta(days=settings.close_after_days)
    return thread.closing_at


def is_closed(thread: Thread, settings: SiteSettings, now: datetime) -> bool:
    """Whether ``thread`` is closed at ``now``: by a close, or because its closing time has passed."""
    if thread.closed_at is not None:
        return True
    at = closes_at(thread, settings)
    return at is not None and at <= now


def announced_closing(thread: Thread, settings: SiteSettings, now: datetime) -> datetime | None:
    """Return the closing time that readers are told at ``now``: one within :data:`ANNOUNCED`; else None."""
    if not thread.comments_on or is_closed(thread, settings, now):
        return None
    return if_announced(closing_time(thread, settings), now)


def if_announced(at: datetime | None, now: datetime) -> datetime | None:
    """Return the closing time ``at`` if it is within :data:`ANNOUNCED`, else None."""
    return at if at is not None and now < at <= now + ANNOUNCED else None


def next_change(thread: Thread, settings: SiteSettings, now: datetime) -> datetime | None:
    """Return when readers next see ``thread`` change without a write; None if they don't."""
    at = closes_at(thread, settings)
    if at is None or at <= now:
        return None
    return min(each for each in (at - ANNOUNCED, at) if each > now)


def mode_of(thread: Thread, settings: SiteSettings) -> Mode:
    """Return the mode of ``thread``, or else that of its site."""
    return thread.mode or settings.mode
