"""Feeds as XML documents."""

from datetime import UTC, datetime
from uuid import UUID
from xml.etree.ElementTree import Element, fromstring

from service.reading.feeds.atom import ATOM, THREADING, Feed, FeedEntry, atom

FEED, ENTRY, PARENT = UUID(int=1), UUID(int=2), UUID(int=3)
AT = datetime(2026, 11, 24, 12, 0, 30, 999_999, tzinfo=UTC)
LATER = datetime(2026, 11, 25, tzinfo=UTC)


def an_entry(**members: object) -> FeedEntry:
    usual = {
        "id": ENTRY,
        "title": "Ada: A title",
        "link": "https://comments.example/gazette/comments/2",
        "author_name": "Ada",
        "author_url": None,
        "published": AT,
        "updated": AT,
        "html": "<p>Well said.</p>",
        "in_reply_to": None,
    }
    return FeedEntry(**usual | members)  # type: ignore[arg-type]  # the members that a test names


def a_feed(
    *entries: FeedEntry, title: str = "A title", page: str | None = "https://gazette.example/a?b=1&c=2"
) -> Element:
    """Return the feed of ``entries``, parsed by a strict XML parser."""
    link = "https://comments.example/v1/sites/gazette/feed.atom"
    feed = Feed(id=FEED, title=title, subtitle=None, lang="ar", link=link, page=page, created_at=AT, entries=entries)
    return fromstring(atom(feed))  # noqa: S314  # it is our own


def test_a_feed_has_an_id_a_language_and_links() -> None:
    feed = a_feed(an_entry(updated=LATER), an_entry())
    assert feed.tag == f"{{{ATOM}}}feed"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "ar"
    assert feed.findtext(f"{{{ATOM}}}id") == "urn:uuid:00000000-0000-0000-0000-000000000001"
    assert feed.findtext(f"{{{ATOM}}}updated") == "2026-11-25T00:00:00Z"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{{{ATOM}}}link")}
    assert links == {
        "self": "https://comments.example/v1/sites/gazette/feed.atom",
        "alternate": "https://gazette.example/a?b=1&c=2",
    }


def test_an_empty_feed_has_its_creation_time_as_update_time() -> None:
    feed = a_feed(page=None)
    assert feed.findtext(f"{{{ATOM}}}updated") == "2026-11-24T12:00:30Z"
    assert [link.get("rel") for link in feed.findall(f"{{{ATOM}}}link")] == ["self"]


def test_a_reply_refers_to_its_parent() -> None:
    entry = a_feed(an_entry(in_reply_to=(PARENT, "https://comments.example/gazette/comments/3"))).find(
        f"{{{ATOM}}}entry"
    )
    assert entry is not None
    answered = entry.find(f"{{{THREADING}}}in-reply-to")
    assert answered is not None
    assert answered.get("ref") == "urn:uuid:00000000-0000-0000-0000-000000000003"
    assert answered.get("href") == "https://comments.example/gazette/comments/3"


def test_characters_that_xml_forbids_are_left_out_and_all_others_are_kept() -> None:
    forbidden = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF]))
    kept = "\t<&>\"']]> é \x7f\x85 \ud7ff\ue000\ufffd \U00010000😀\U0010ffff"
    link = f"https://a.example/{kept}"
    given = an_entry(html=forbidden + kept, author_url=link, link=link + forbidden)
    feed = a_feed(given, title=f"{kept}{forbidden}")
    assert feed.findtext(f"{{{ATOM}}}title") == kept
    entry = feed.find(f"{{{ATOM}}}entry")
    assert entry is not None
    assert entry.findtext(f"{{{ATOM}}}content") == kept
    assert entry.findtext(f"{{{ATOM}}}author/{{{ATOM}}}uri") == link
    assert [each.get("href") for each in entry.findall(f"{{{ATOM}}}link")] == [link]
