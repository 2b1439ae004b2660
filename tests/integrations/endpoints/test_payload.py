"""A webhook body is the logged event, the same at every attempt and at most 20,000 bytes."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conversation.comments.model import State
from service.conversation.comments.render import render, sanitise_imported
from service.conversation.threads.labels import labels
from service.conversation.threads.wire import Closing, ThreadOut
from service.integrations.endpoints import payload
from service.integrations.endpoints.payload import MAX_BODY_BYTES, EndpointUnderTest, webhook_body
from service.integrations.event_log.wire import EventAuthorOut, EventCommentOut, EventOut, ParentAuthorOut, ParentOut
from service.platform.events.event_types import EventType
from service.platform.sites.who_may_post import ClaimRule
from tests.builders import Json

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, UTC)
LATER = NOON + timedelta(days=365)
AN_ID = UUID("0193b5a4-0000-7000-8000-0123456789ab")

# The longest there is of each sort: by bytes in UTF-8, and by what JSON puts before it.
HEAVY = ["\U0001f600", '"', "\\", "é"]
URL = "https://host.example/" + "é" * 989 + "a"


def a_thread(character: str = "a", *, url: str = URL, locale: str = "en") -> ThreadOut:
    """A thread whose fields all have their maximum length."""
    lines = labels(locale=locale, count=9_999_999, title=character * 500, closed=True, comments_on=True)
    return ThreadOut(
        article=character * 500,
        title=character * 500,
        url=url,
        section=character * 200,
        state="closed",
        closing=Closing("at", LATER),
        closes_at=None,
        closed_at=LATER,
        closed_by_site=False,
        close_reason=character * 500,
        published_at=LATER,
        updated_at=LATER,
        withdrawn_at=LATER,
        comments_on=True,
        mode="hold-first-timers",
        who_may_post=ClaimRule("c" * 100, ("v" * 151, *("v",) * 49)),
        reply_count=9_999_999,
        label=lines.label,
        heading=lines.heading,
        notice=lines.notice,
        sequence=2**63 - 1,
    )


def a_comment(html: str, character: str = "a") -> EventCommentOut:
    """A reply whose fields, and those of the comment that it answers, have their maximum length."""
    author = EventAuthorOut(character * 100, URL, "reader", URL, character * 255)
    parent = ParentOut(AN_ID, ParentAuthorOut(character * 100, character * 255))
    logged = (AN_ID, AN_ID, 20, State.PUBLISHED, LATER, LATER, 2**31 - 1)
    return EventCommentOut(*logged, parent, author, html, None)


def an_event(event: EventType = EventType.COMMENT_PUBLISHED, **data: object) -> EventOut:
    raw = msgspec.Raw(msgspec.json.encode(data))
    return EventOut(AN_ID, event, 2**63 - 1, 2**63 - 1, NOON, raw)


def decoded(event: EventOut) -> Json:
    """The decoded body, which must be within the limit."""
    body = webhook_body("gazette", event)
    assert len(body) <= MAX_BODY_BYTES
    message: Json = msgspec.json.decode(body)
    return message


def as_json(value: object) -> Json:
    """``value`` as it is after it was sent."""
    sent: Json = msgspec.json.decode(msgspec.json.encode(value))
    return sent


def test_a_body_is_the_event_with_timestamp_and_site() -> None:
    event = an_event(comment={"html": "<p>Well said.</p>"})
    as_in_the_log: Json = msgspec.json.decode(msgspec.json.encode(event))
    assert decoded(event) == {**as_in_the_log, "timestamp": as_in_the_log["occurred_at"], "site": "gazette"}


def test_the_data_in_the_log_is_sent_byte_for_byte() -> None:
    data = b'{ "thread" : {"title":"\\u00e9 1.0e3"},  "more":[ ] }'
    event = an_event()
    event.data = msgspec.Raw(data)
    assert data in webhook_body("gazette", event)


def test_a_body_at_the_limit_is_complete_and_one_byte_more_is_truncated() -> None:
    around = len(webhook_body("gazette", an_event(comment={"html": ""})))
    whole = "a" * (MAX_BODY_BYTES - around)
    assert decoded(an_event(comment={"html": whole}))["data"]["comment"]["html"] == whole
    cut = decoded(an_event(comment={"html": whole + "a"}))
    assert cut["truncated"] == ["comment.html"]
    assert cut["data"]["comment"]["html"].endswith("a…</p>")


def test_a_short_body_has_no_member_truncated() -> None:
    assert "truncated" not in decoded(an_event(comment={"html": "<p>Well said.</p>"}))


@pytest.mark.parametrize("character", [*HEAVY, "&", "<", "word ", "**so** ", "> ", "1. a\n", "http://a.example "])
def test_the_longest_comment_under_the_longest_title_is_truncated_to_fit(character: str) -> None:
    html = render((character * 10_000)[:10_000])
    message = decoded(an_event(thread=a_thread(HEAVY[0]), comment=a_comment(html, HEAVY[0])))
    assert message["data"]["thread"] == as_json(a_thread(HEAVY[0]))
    if "truncated" in message:
        assert message["truncated"] == ["comment.html"]
        assert_safe(message["data"]["comment"]["html"])


@pytest.fixture(scope="module")
def longest_html() -> str:
    return sanitise_imported("<b>" + "&amp;" * 60_000)


@pytest.mark.parametrize("character", HEAVY)
@pytest.mark.parametrize("locale", ["en", "ar", "ja"])
def test_the_longest_possible_event_fits_and_keeps_its_urls_and_labels(
    character: str, locale: str, longest_html: str
) -> None:
    report = {"id": AN_ID, "reason": "illegal", "note": character * 500}
    html = longest_html
    thread = a_thread(character, locale=locale)
    message = decoded(
        an_event(EventType.REPORT_FILED, thread=thread, comment=a_comment(html, character), report=report)
    )
    assert message["truncated"] in (["comment.html"], ["comment.html", "report.note"])
    assert message["data"]["report"]["note"].startswith(character * 50)
    assert message["data"]["thread"] == as_json(thread)
    assert message["data"]["comment"]["author"]["url"] == URL


def test_as_much_of_a_comment_is_kept_as_fits() -> None:
    body = webhook_body("gazette", an_event(comment=a_comment(f"<p>{'word ' * 6_000}</p>")))
    assert MAX_BODY_BYTES - 10 < len(body) <= MAX_BODY_BYTES


def test_if_the_comment_is_not_enough_other_texts_are_truncated_too() -> None:
    event = an_event(comment=a_comment("<p>Well said.</p>"), report={"note": "long " * 6_000})
    message = decoded(event)
    assert message["truncated"] == ["comment.html", "report.note"]
    assert message["data"]["comment"]["html"] == "<p>…</p>"
    assert message["data"]["report"]["note"].endswith("long…")


def test_words_of_different_paragraphs_stay_apart_and_are_not_split() -> None:
    html = "<p>one</p><ul><li>two</li></ul>thr<em>ee</em><br>four<p>" + "abcdefg " * 4_000 + "</p>"
    cut = decoded(an_event(comment={"html": html}))["data"]["comment"]["html"]
    assert cut.startswith("<p>one two three four abcdefg abcdefg")
    assert cut.endswith(" abcdefg…</p>")


def test_an_event_without_a_comment_is_never_too_long() -> None:
    ban = {"id": AN_ID, "kind": "reader", "reader_id": AN_ID, "until": None, "reason": "\U0001f600" * 500}
    assert "truncated" not in decoded(an_event(EventType.READER_BANNED, ban=ban))


HTML = ["<b>", "</b>", "<br>", "<script>", "</p>", "<p>", "<a href='javascript:1'>", "<!--", "]]>", "&", "<", ">"]
WORDS = ["&amp;", "&lt;", "&#x27;", "&am", '"', "\\", "\n", "\x01", "\u2028", "é", "e\u0301", "\U0001f600", "a", " "]
fragments = st.sampled_from(HTML + WORDS)


@given(
    html=st.lists(fragments, min_size=1, max_size=40).map("".join),
    note=st.none() | st.text(max_size=500),
    character=st.sampled_from(HEAVY),
    times=st.integers(1, 3_000),
)
def test_any_body_fits_is_reproducible_and_has_safe_html(
    html: str, note: str | None, character: str, times: int
) -> None:
    comment = a_comment(sanitise_imported(html * times), character)
    event = an_event(thread=a_thread(character), comment=comment, report={"note": note})
    message = decoded(event)
    assert webhook_body("gazette", event) == webhook_body("gazette", event)
    assert message["timestamp"] == message["occurred_at"]
    if "truncated" in message:
        assert_safe(message["data"]["comment"]["html"])
        message["data"]["comment"]["html"] = comment.html
        del message["truncated"]
    assert message["data"] == msgspec.json.decode(event.data)


def assert_safe(html: str) -> None:
    """``html`` is one paragraph of text, with no tag in it, no reference in pieces, and an ellipsis at the end."""
    inside = html.removeprefix("<p>").removesuffix("…</p>")
    assert f"<p>{inside}…</p>" == html
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", inside)


def test_a_test_message_names_the_endpoint() -> None:
    endpoint = EndpointUnderTest(AN_ID, "https://cms.example/hooks", None)
    body = payload.test_body("gazette", AN_ID, at=NOON, endpoint=endpoint)
    assert msgspec.json.decode(body) == {
        "id": str(AN_ID),
        "type": "endpoint.test",
        "timestamp": "2026-11-24T12:00:00.123456Z",
        "site": "gazette",
        "data": {"endpoint": {"id": str(AN_ID), "url": "https://cms.example/hooks", "description": None}},
    }
