"""The settings that apply to a thread: its own, or else its section's, or else the site's. Pure.

When a thread closes, whether it is closed, what readers are told of it, its mode and rules, and
who may post.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET

from service.conversation.threads.model import Thread
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import Mode
from service.platform.sites.who_may_post import ClaimRule, WhoMayPost, has_claim

PostingRefusal = Literal["sign-in-required", "not-allowed-to-post"]

ANNOUNCED = timedelta(days=7)  # before the closing time


def closes_at(thread: Thread, site: Site) -> datetime | None:
    """Return the time from which ``thread`` is closed, if known; None if it stays open."""
    return thread.closed_at or closing_time(thread, site)


def closing_time(thread: Thread, site: Site) -> datetime | None:
    """Return the closing time set for ``thread``, even if it was closed earlier; None if there is none.

    ``auto`` is derived from the article's ``published_at`` and a number of days, so it moves with both.
    """
    if thread.closing_kind == "auto" and thread.published_at:
        days = close_after_days(site, thread.section)
        return None if days is None else thread.published_at + timedelta(days=days)
    return thread.closing_at


def close_after_days(site: Site, section: str | None) -> int | None:
    """Return the number of days after which ``auto`` threads of a section close; None for never."""
    own = site.section_settings(section).close_after_days
    return site.settings.close_after_days if own is UNSET else own


class ClosedState(NamedTuple):
    """Since when a thread is closed, and why; ``by_site`` if only its site or section is."""

    since: datetime
    reason: str | None
    by_site: bool


def closed_state(thread: Thread, site: Site, now: datetime) -> ClosedState | None:
    """Return how ``thread`` is closed at ``now``: by a close or its closing time, or else with its site or section.

    None if it is open.
    """
    at = closes_at(thread, site)
    if at is not None and (thread.closed_at is not None or at <= now):
        return ClosedState(at, thread.close_reason, by_site=False)
    closure = site.closure_at(now, thread.section)
    return ClosedState(closure.closed_at, closure.reason, by_site=True) if closure else None


def is_closed(thread: Thread, site: Site, now: datetime) -> bool:
    """Whether ``thread`` is closed at ``now``, in any way."""
    return closed_state(thread, site, now) is not None


def is_closed_itself(thread: Thread, site: Site, now: datetime) -> bool:
    """Whether ``thread`` is closed at ``now``, whether or not its site is."""
    at = closes_at(thread, site)
    return at is not None and (thread.closed_at is not None or at <= now)


def if_announced(at: datetime | None, now: datetime) -> datetime | None:
    """Return the closing time ``at`` if it is within :data:`ANNOUNCED`, else None."""
    return at if at is not None and now < at <= now + ANNOUNCED else None


def next_change(thread: Thread, site: Site, now: datetime) -> datetime | None:
    """Return when readers next see ``thread`` change without a write; None if they don't."""
    at = closes_at(thread, site)
    changes = (site.changes_at(now, thread.section), at, at - ANNOUNCED if at else None)
    return min((each for each in changes if each is not None and each > now), default=None)


def mode_of(thread: Thread, site: Site, now: datetime) -> Mode:
    """Return the mode of ``thread``, or else of its section or site; outside the hours, or unattended, ``hold``."""
    if site.holds_at(now, thread.section):
        return "hold"
    return thread.mode or site.section_settings(thread.section).mode or site.settings.mode


def rules_of(thread: Thread, site: Site) -> Rules:
    """Return the rules on comments in ``thread``; the same object as long as the site does not change."""
    return site.rules_in(thread.section)


def own_who_may_post(thread: Thread) -> WhoMayPost | None:
    """Return who may post as set for ``thread`` itself; None if its section or site decides."""
    return None if thread.who_may_post is None else _decode(thread.who_may_post)


@lru_cache
def _decode(stored: str) -> WhoMayPost:
    who: WhoMayPost = msgspec.json.decode(stored, type=WhoMayPost)
    return who


def posting_refusal(thread: Thread, site: Site, claims: bytes | None) -> PostingRefusal | None:
    """Return why a reader may not post; ``claims`` are those of their host token, None if they are not signed in."""
    who = own_who_may_post(thread) or site.section_settings(thread.section).who_may_post or site.settings.who_may_post
    if who == "anyone":
        return None
    if claims is None:
        return "sign-in-required"
    return "not-allowed-to-post" if isinstance(who, ClaimRule) and not has_claim(claims, who) else None
