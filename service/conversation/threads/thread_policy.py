"""On what terms a thread takes comments: when it closes, and whether it is closed. Pure."""

from datetime import datetime, timedelta

from service.conversation.threads.model import Thread
from service.platform.sites.site_settings import Mode, SiteSettings


def closes_at(thread: Thread, settings: SiteSettings) -> datetime | None:
    """The instant from which ``thread`` is closed, as far as is known; None where it stays open."""
    return thread.closed_at or closing_time(thread, settings)


def closing_time(thread: Thread, settings: SiteSettings) -> datetime | None:
    """When ``thread`` was set to close, whether or not it was closed before; None where it was not.

    ``auto`` is derived from the article's ``published_at`` and the site's number of days, so it moves with both.
    """
    if thread.closing_kind == "auto" and thread.published_at and settings.close_after_days is not None:
        return thread.published_at + timedelta(days=settings.close_after_days)
    return thread.closing_at


def is_closed(thread: Thread, settings: SiteSettings, now: datetime) -> bool:
    """Whether ``thread`` takes no more comments at the instant ``now``: told so, or its closing time has come."""
    if thread.closed_at is not None:
        return True
    at = closes_at(thread, settings)
    return at is not None and at <= now


def mode_of(thread: Thread, settings: SiteSettings) -> Mode:
    """How ``thread`` takes comments: its own mode, or else its site's."""
    return thread.mode or settings.mode
