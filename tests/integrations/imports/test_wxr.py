"""The values and dates of a WordPress export are interpreted as in WordPress; invalid ones are reported."""

from datetime import UTC, datetime

import pytest

from service.integrations.imports.archive import ArchivedComment, Issue
from service.integrations.imports.wordpress import read_wordpress
from tests.integrations.imports.exports import a_comment, an_export, an_item, the_thread

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
UNKNOWN = "0000-00-00 00:00:00"


def test_a_comment_is_read_whole() -> None:
    comment = a_comment(
        "7",
        author="Siobhán O&#8217;Brien &amp; <b>Co</b>",
        author_email=" s@example.org\n",
        author_url="https://example.org/?a=1&copy=2",
        content=" <p>One &amp; two</p>\n",
        approved="spam",
    )
    _, [found] = the_thread(comment)
    assert found == ArchivedComment(
        key="7",
        parent_key=None,
        author_name="Siobhán O’Brien & Co",
        author_email="s@example.org",
        author_url="https://example.org/?a=1&copy=2",
        content=" <p>One &amp; two</p>\n",
        created_at=datetime(2024, 3, 1, 9, 30, tzinfo=UTC),
        state="spam",
        kind="comment",
    )


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("It&#8217;s <em>open</em>", "It’s open"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("a < b, I <3 you", "a < b, I <3 you"),
        ("Two\n\t lines ", "Two lines"),
        ("Vraiment\u00a0?", "Vraiment\u00a0?"),
        ("&amp;amp;", "&amp;"),
    ],
)
def test_a_title_is_as_a_person_reads_it(raw: str, title: str) -> None:
    thread, _ = the_thread(title=raw)
    assert thread.title == title
    assert thread.raw_title == raw.strip()


@pytest.mark.parametrize(
    ("approved", "state", "issue"),
    [
        ("1", "published", None),
        ("0", "pending", None),
        ("spam", "spam", None),
        ("trash", "deleted", None),
        ("post-trashed", "deleted", None),
        ("", "pending", Issue.EMPTY_STATE),
        (None, "pending", Issue.EMPTY_STATE),
        ("maybe", "pending", Issue.UNKNOWN_STATE),
    ],
)
def test_an_unknown_state_becomes_pending(approved: str, state: str, issue: Issue | None) -> None:
    thread, [comment] = the_thread(a_comment(approved=approved))
    assert comment.state == state
    assert list(thread.issues.counts) == ([issue] if issue else [])


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        (a_comment("2", content=" \n"), Issue.EMPTY_CONTENT),
        (a_comment("2", content=None), Issue.EMPTY_CONTENT),
        (a_comment("2", content="x" * 1_000_001), Issue.TOO_LONG),
        (a_comment("2", author="x" * 10_001), Issue.TOO_LONG),
        (a_comment("2", type="order_note"), Issue.UNKNOWN_KIND),
        (a_comment("2", date_gmt=UNKNOWN), Issue.NO_DATE),
        (a_comment("2", date_gmt="yesterday", date="1970-01-01 00:00:00"), Issue.NO_DATE),
        (a_comment("2", date_gmt="0001-01-01 00:00:00", date="9999-12-31 23:59:59"), Issue.NO_DATE),
        (a_comment("1", content="again"), Issue.REPEATED_KEY),
    ],
)
def test_skipped_comments_are_reported(comment: str, why: Issue) -> None:
    thread, comments = the_thread(a_comment("1"), comment, a_comment("3"))
    assert [comment.content for comment in comments] == ["Text 1", "Text 3"]
    assert thread.issues.counts == {why: 1}


@pytest.mark.parametrize(
    ("own", "around", "found"),
    [
        ({"date": "2024-02-29 12:00:00"}, {"post_date_gmt": "2024-01-01"}, datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ({"date": UNKNOWN}, {"post_date_gmt": "2024-01-01"}, NEW_YEAR),
        ({}, {"post_date": "2024-01-01", "status": "draft"}, NEW_YEAR),
    ],
)
def test_a_missing_date_is_guessed_from_what_is_near(
    own: dict[str, str], around: dict[str, str], found: datetime
) -> None:
    thread, [comment] = the_thread(a_comment(date_gmt=UNKNOWN, **own), **around)
    assert comment.created_at == found
    assert thread.issues.counts == {Issue.GUESSED_DATE: 1}


def test_the_date_of_the_export_is_the_last_guess() -> None:
    exported = "<pubDate>Fri, 01 Mar 2024 10:30:00 +0100</pubDate>"
    export = an_export(exported, an_item(), an_item(a_comment(date_gmt=None)))
    comments = [comment for thread in read_wordpress(export) for comment in thread.comments]
    assert [comment.created_at for comment in comments] == [datetime(2024, 3, 1, 9, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("fields", "published_at"),
    [
        ({"post_date_gmt": "2024-01-01"}, NEW_YEAR),
        ({"post_date_gmt": "2124-01-01 00:00:00", "status": "future"}, datetime(2124, 1, 1, tzinfo=UTC)),
        ({"post_date_gmt": UNKNOWN, "post_date": "2024-01-01"}, NEW_YEAR),
        ({"post_date_gmt": UNKNOWN, "post_date": "2024-01-01", "status": "draft"}, None),
        ({}, None),
    ],
)
def test_an_article_has_the_date_it_was_given(fields: dict[str, str], published_at: datetime | None) -> None:
    assert the_thread(**fields)[0].published_at == published_at


@pytest.mark.parametrize(
    ("date", "published_at"),
    [
        ("Fri, 01 Mar 2024 09:30:00 +0000", datetime(2024, 3, 1, 9, 30, tzinfo=UTC)),
        ("Mon, 30 Nov -0001 00:00:00 +0000", None),
        ("Thu, 01 Jan 1970 00:00:00 +0000", None),
        ("", None),
        ("soon", None),
    ],
)
def test_the_date_of_rss_serves_where_wordpress_gives_none(date: str, published_at: datetime | None) -> None:
    item = an_item().replace("<link>", f"<pubDate>{date}</pubDate><link>")
    assert [thread.published_at for thread in read_wordpress(an_export(item))] == [published_at]


@pytest.mark.parametrize(
    ("status", "visibility"),
    [
        ("publish", "published"),
        (None, "published"),
        ("draft", "unpublished"),
        ("future", "unpublished"),
        ("private", "withdrawn"),
        ("trash", "withdrawn"),
        ("embargoed", "withdrawn"),
    ],
)
def test_the_status_of_an_article_decides_its_visibility(status: str | None, visibility: str) -> None:
    thread, _ = the_thread(status=status)
    assert thread.visibility == visibility
    assert (Issue.UNKNOWN_STATUS in thread.issues.counts) == (status == "embargoed")
