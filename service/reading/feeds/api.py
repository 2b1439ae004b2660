"""Atom feeds over HTTP: the newest comments of a thread or of a site."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from itertools import accumulate
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.model import Comment
from service.conversation.comments.staff import STAFF
from service.conversation.threads.thread_lookup import find_thread, require_visible
from service.conversation.threads.thread_policy import next_change
from service.conversation.threads.wire import SectionQuery, thread_out
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.conditional import PRIVATE, PublicResponse, entity_tag
from service.platform.http.decode import decode_query
from service.platform.http.path_ids import article_of
from service.platform.http.request_origin import locale_of
from service.platform.languages.messages import catalogue_for, sentence
from service.platform.sites.site_lookup import Site
from service.reading.feeds.atom import MEDIA_TYPE, Feed, FeedEntry, atom
from service.reading.feeds.feed_entries import Entry, newest_of_site, newest_of_thread

MAX_FEED_BYTES = 256 * 1024  # of text


async def get_thread_feed(request: Request, caller: Caller, base_url: str) -> Response:
    """Send the newest comments of a thread."""
    site, locale, now = caller.site, locale_of(request, caller), clock.now()
    async with database_of(request).read() as connection:
        thread = await find_thread(connection, site.id, article_of(request))
        require_visible(thread, to_staff=False, now=now)
        entries = await newest_of_thread(connection, thread)
    out, article = thread_out(thread, site, locale=locale, now=now), quote(thread.article, safe="")
    feed = Feed(
        id=_feed_id("thread", thread.id, thread.created_at),
        title=out.heading,
        subtitle=" ".join(filter(None, (out.notice, out.close_reason))) or None,
        lang=catalogue_for(locale),
        link=f"{base_url}/v1/sites/{site.slug}/threads/{article}/feed.atom",
        page=thread.url or f"{base_url}/{site.slug}/{article}",
        created_at=thread.created_at,
        entries=_entries(entries, f"{base_url}/{site.slug}", locale),
    )
    return _response(caller, feed, base_url, locale=locale, now=now, until=next_change(thread, site, now))


async def get_site_feed(request: Request, caller: Caller, base_url: str) -> Response:
    """Send the newest comments of a site, or of one of its sections."""
    site, locale, now = caller.site, locale_of(request, caller), clock.now()
    section = decode_query(request, SectionQuery).section
    async with database_of(request).read() as connection:
        newest = await newest_of_site(connection, site.id, section=section, now=now)
    query = "" if section is None else f"?section={quote(section, safe='')}"
    feed = Feed(
        id=_feed_id("site" if section is None else f"section:{section}", site.id, newest.created_at),
        title=site.name if section is None else f"{site.name}: {section}",
        subtitle=_closed_notice(site, section, locale, now),
        lang=catalogue_for(locale),
        link=f"{base_url}/v1/sites/{site.slug}/feed.atom{query}",
        page=None,
        created_at=newest.created_at,
        entries=_entries(newest.entries, f"{base_url}/{site.slug}", locale),
    )
    return _response(
        caller,
        feed,
        base_url,
        locale=locale,
        now=now,
        until=min(filter(None, (newest.until, site.changes_at(now, section))), default=None),
    )


def _closed_notice(site: Site, section: str | None, locale: str, now: datetime) -> str | None:
    """Return the notice that the whole site or section is closed, with the reason if there is one."""
    closure = site.closure_at(now, section)
    return " ".join(filter(None, (sentence("notice", "closed", locale=locale), closure.reason))) if closure else None


def _feed_id(kind: str, number: int, created_at: datetime) -> UUID:
    """Return a feed id that is stable and unique to this installation.

    It does not change with the article's id or the base URL (RFC 4287, section 4.2.6).
    """
    return uuid5(NAMESPACE_URL, f"onereply:{kind}:{number}:{created_at.isoformat()}")


def _entries(entries: Sequence[Entry], pages: str, locale: str) -> list[FeedEntry]:
    """Convert the newest of ``entries`` that fit in :data:`MAX_FEED_BYTES`, but at least one."""
    sizes = accumulate(_size_in_feed(entry.comment) for entry in entries)
    return [
        _entry(entry, pages, locale)
        for number, (entry, size) in enumerate(zip(entries, sizes, strict=True))
        if number == 0 or size <= MAX_FEED_BYTES
    ]


def _size_in_feed(comment: Comment) -> int:
    return len(escape(comment.html + (comment.author_url or "")).encode())


def _entry(entry: Entry, pages: str, locale: str) -> FeedEntry:
    """Convert ``entry``; ``pages`` is the URL that its permalinks begin with."""
    comment, parent = entry.comment, entry.comment.parent_id
    role = comment.author_role
    badge = (role, sentence("page", role, locale=locale)) if role in STAFF else None
    name = f"{comment.author_name} ({badge[1]})" if badge else comment.author_name
    return FeedEntry(
        id=comment.id,
        title=f"{name}: {entry.thread.title}",
        link=f"{pages}/comments/{comment.id}",
        author_name=comment.author_name,
        author_url=comment.author_url,
        badge=badge,
        published=comment.created_at,
        updated=max(entry.published_at, comment.edited_at or comment.created_at),
        html=comment.html,
        in_reply_to=(parent, f"{pages}/comments/{parent}") if parent else None,
    )


def _response(
    caller: Caller, feed: Feed, base_url: str, *, locale: str, now: datetime, until: datetime | None
) -> Response:
    """Return ``feed`` with an entity tag of its content, so only visible changes invalidate a client's copy."""
    document = atom(feed)
    headers = {} if caller.is_anonymous else PRIVATE
    return PublicResponse(
        document,
        tag=entity_tag(document.replace(base_url.encode(), b"")),
        locale=locale,
        now=now,
        until=until,
        headers=headers,
        media_type=MEDIA_TYPE,
    )
