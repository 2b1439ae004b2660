"""Atom feeds (RFC 4287) with threading links (RFC 4685). Pure: values in, XML out."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec

ATOM = "http://www.w3.org/2005/Atom"
THREADING = "http://purl.org/syndication/thread/1.0"
MEDIA_TYPE = "application/atom+xml"


class FeedEntry(msgspec.Struct, kw_only=True):
    """A comment in a feed.

    ``link`` is its permalink; ``badge`` is the role of staff and its label. ``in_reply_to`` holds the id and the
    permalink of its parent.
    """

    id: UUID
    title: str
    link: str
    author_name: str
    author_url: str | None
    badge: tuple[str, str] | None = None
    published: datetime
    updated: datetime
    html: str
    in_reply_to: tuple[UUID, str] | None


class Feed(msgspec.Struct, kw_only=True):
    """A feed in the language ``lang``; ``link`` is its own URL, ``page`` the URL of the page it is about.

    ``subtitle`` is the notice that comments are closed, or close soon, if there is one.

    ``created_at`` is the feed's update time while it has no entries.
    """

    id: UUID
    title: str
    subtitle: str | None
    lang: str
    link: str
    page: str | None
    created_at: datetime
    entries: Sequence[FeedEntry]


def atom(feed: Feed) -> bytes:
    """Return ``feed`` as an Atom document in UTF-8."""
    root = Element("feed", {"xmlns": ATOM, "xmlns:thr": THREADING, "xml:lang": feed.lang})
    _add(root, "id", feed.id.urn)
    _add(root, "title", feed.title)
    if feed.subtitle:
        _add(root, "subtitle", feed.subtitle)
    _add(root, "updated", _instant(max((entry.updated for entry in feed.entries), default=feed.created_at)))
    _add(root, "link", rel="self", type=MEDIA_TYPE, href=feed.link)
    if feed.page:
        _add(root, "link", rel="alternate", type="text/html", href=feed.page)
    for entry in feed.entries:
        _add_entry(root, entry)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_entry(feed: Element, entry: FeedEntry) -> None:
    element = SubElement(feed, "entry")
    _add(element, "id", entry.id.urn)
    _add(element, "title", entry.title)
    author = SubElement(element, "author")
    _add(author, "name", entry.author_name)
    if entry.author_url:
        _add(author, "uri", entry.author_url)
    if entry.badge:
        role, label = entry.badge
        _add(element, "category", term=role, label=label)
    _add(element, "published", _instant(entry.published))
    _add(element, "updated", _instant(entry.updated))
    _add(element, "link", rel="alternate", type="text/html", href=entry.link)
    if entry.in_reply_to:
        parent, link = entry.in_reply_to
        _add(element, "thr:in-reply-to", ref=parent.urn, type="text/html", href=link)
    _add(element, "content", entry.html, type="html")


def _add(parent: Element, name: str, text: str = "", **attributes: str) -> None:
    cleaned = {key: _FORBIDDEN.sub("", value) for key, value in attributes.items()}
    SubElement(parent, name, cleaned).text = _FORBIDDEN.sub("", text)


# Characters that XML 1.0 forbids, even as references (section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
