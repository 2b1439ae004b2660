"""What a feed says in XML, whatever is in it."""

from datetime import UTC, datetime
from uuid import UUID
from xml.etree.ElementTree import Element, fromstring

from service.reading.feeds.atom import ATOM, THREADING, Feed, FeedEntry, atom

FEED, ENTRY, PARENT = UUID(int=1), UUID(int=2), UUID(int=3)
AT = datetime(2026, 11, 24, 12, 0, 30, 999_999, tzinfo=UTC)
LATER = datetime(2026, 11, 25, tzinfo=UTC)


def an_entry(**said: object) -> FeedEntry:
    usual = {
        "id": ENTRY,
        "title": "Ada: A title",
        "link": "https://comments.example/gazette/comments/2",
        "author_name": "Ada",
        "author_url": None,
        "published": AT,
        "updated": AT,
        "html": "<p>Well said.</p>",
        "answers": None,
    }
    return FeedEntry(**usual | said)  # type: ignore[arg-type]  # the test names what it means


def a_feed(
    *entries: FeedEntry, title: str = "A title", page: str | None = "https://gazette.example/a?b=1&c=2"
) -> Element:
    """The feed of ``entries`` as a strict parser of XML reads it."""
    link = "https://comments.example/v1/sites/gazette/feed.atom"
    feed = Feed(id=FEED, title=title, lang="ar", link=link, page=page, created_at=AT, entries=entries)
    return fromstring(atom(feed))  # noqa: S314  # it is our own


def test_a_feed_says_what_it_is_of_and_where_it_is() -> None:
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


def test_a_feed_of_nothing_was_last_changed_when_it_began() -> None:
    feed = a_feed(page=None)
    assert feed.findtext(f"{{{ATOM}}}updated") == "2026-11-24T12:00:30Z"
    assert [link.get("rel") for link in feed.findall(f"{{{ATOM}}}link")] == ["self"]


def test_an_answer_names_what_it_answers() -> None:
    entry = a_feed(an_entry(answers=(PARENT, "https://comments.example/gazette/comments/3"))).find(f"{{{ATOM}}}entry")
    assert entry is not None
    answered = entry.find(f"{{{THREADING}}}in-reply-to")
    assert answered is not None
    assert answered.get("ref") == "urn:uuid:00000000-0000-0000-0000-000000000003"
    assert answered.get("href") == "https://comments.example/gazette/comments/3"


def test_what_xml_cannot_say_is_left_out_and_all_else_comes_back() -> None:
    forbidden = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF]))
    kept = "\t<&>\"']]> é \x7f\x85 \ud7ff\ue000\ufffd \U00010000😀\U0010ffff"
    link = f"https://a.example/{kept}"
    entry_said = an_entry(html=forbidden + kept, author_url=link, link=link + forbidden)
    feed = a_feed(entry_said, title=f"{kept}{forbidden}")
    assert feed.findtext(f"{{{ATOM}}}title") == kept
    entry = feed.find(f"{{{ATOM}}}entry")
    assert entry is not None
    assert entry.findtext(f"{{{ATOM}}}content") == kept
    assert entry.findtext(f"{{{ATOM}}}author/{{{ATOM}}}uri") == link
    assert [each.get("href") for each in entry.findall(f"{{{ATOM}}}link")] == [link]
