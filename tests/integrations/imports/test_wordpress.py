"""WordPress exports are read completely: real ones match independent counts, and issues of odd ones are reported."""

import io
import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from service.integrations.imports.archive import ArchivedThread, ArchiveUnreadable, Issue, Issues
from service.integrations.imports.wordpress import read_wordpress
from tests.integrations.imports.exports import (
    EXPORTS,
    HEAD,
    TAIL,
    a_big_export,
    a_comment,
    an_export,
    an_item,
    the_thread,
)
from tests.samples import sample_id, samples

MEGABYTE = 1024 * 1024


def summary(thread: ArchivedThread) -> dict[str, Any]:
    """A thread in the shape of ``expected.json``."""
    words = {"deleted": "trash"}
    comments = list(thread.comments)
    depths = Counter(str(comment.depth) for comment in comments if comment.kind == "comment")
    sorts = Counter(
        words.get(comment.state, comment.state) if comment.kind == "comment" else comment.kind for comment in comments
    )
    return {"title": thread.raw_title, "closed": thread.closed, "depths": dict(depths), **sorts}


@pytest.mark.parametrize("path", EXPORTS, ids=sample_id)
def test_an_export_gives_the_counts_of_independent_tools(path: Path) -> None:
    expected = json.loads(path.with_name("expected.json").read_text())[path.name]
    totals: dict[str, int] = expected["totals"]
    with path.open("rb") as source:
        threads = [(thread, summary(thread)) for thread in read_wordpress(source)]
    assert {thread.article: found for thread, found in threads if len(thread.comments)} == expected["articles"]
    articles = ("post", "page", "")
    assert len(threads) == sum(totals.get(f"items:{kind}", 0) for kind in articles)
    assert sum(thread.closed for thread, _ in threads) == sum(totals.get(f"closed:{kind}", 0) for kind in articles)


def test_every_export_is_tested() -> None:
    for path in samples("wordpress/expected.json"):
        assert sorted(json.loads(path.read_text())) == [each.name for each in EXPORTS if each.parent == path.parent]


def test_a_reply_to_a_skipped_comment_moves_to_its_parent() -> None:
    _, comments = the_thread(a_comment("1"), a_comment("2", content="", parent="1"), a_comment("3", parent="2"))
    assert [(comment.key, comment.parent_key, comment.depth) for comment in comments] == [("1", None, 0), ("3", "1", 1)]


def test_a_ping_keeps_its_kind_even_without_a_text() -> None:
    _, comments = the_thread(a_comment("1", type="pingback", content=""), a_comment("2", type="trackback", parent="1"))
    assert [(comment.kind, comment.depth) for comment in comments] == [("pingback", 0), ("trackback", 1)]


def test_a_comment_without_an_id_is_named_by_its_number() -> None:
    thread, comments = the_thread(a_comment("1"), a_comment("", content="One"), a_comment(id=None, content="Two"))
    assert [(comment.key, comment.content) for comment in comments[1:]] == [("#2", "One"), ("#3", "Two")]
    assert thread.issues.counts == {Issue.NO_KEY: 2}


def test_an_article_without_an_id_uses_its_link_and_one_without_both_is_reported() -> None:
    issues = Issues()
    export = an_export(an_item(post_id=None), an_item(a_comment(), post_id="", link="", title="Lost"))
    assert [thread.article for thread in read_wordpress(export, issues=issues)] == ["https://news.example/1"]
    assert issues.counts == {Issue.NO_ARTICLE: 1}
    assert issues.examples[Issue.NO_ARTICLE] == ["line 1: “Lost”, 1 comments"]


def test_other_post_types_are_threads_only_if_they_have_comments() -> None:
    export = an_export(
        an_item(post_id="1", post_type="attachment"),
        an_item(a_comment(), post_id="2", post_type="attachment"),
        an_item(post_id="3", post_type="interview"),
        an_item(post_id="3"),
    )
    assert [thread.article for thread in read_wordpress(export)] == ["2", "3", "3"]


@pytest.mark.parametrize("namespace", ["http://wordpress.org/export/1.0/", "https://wordpress.org/export/1.3/"])
def test_the_version_and_the_prefix_do_not_matter(namespace: str) -> None:
    whole = (HEAD + an_item(a_comment()) + TAIL).replace("http://wordpress.org/export/1.2/", namespace)
    renamed = whole.replace("wp:", "w0:").replace(":wp=", ":w0=")
    [found] = [len(thread.comments) for thread in read_wordpress(io.BytesIO(renamed.encode()))]
    assert found == 1


def test_an_element_of_another_namespace_is_another_element() -> None:
    item = an_item().replace("</item>", "<media:title>Caption</media:title></item>")
    assert [thread.title for thread in read_wordpress(an_export(item))] == ["An article"]


@pytest.mark.parametrize(
    "body", ["<rss/>", "<rss><channel><item><title>A</title><link>b</link></item></channel></rss>"]
)
def test_a_feed_that_is_not_an_export_is_refused(body: str) -> None:
    with pytest.raises(ArchiveUnreadable, match=r"^Line 1: this is an RSS feed, not a WordPress export"):
        next(read_wordpress(io.BytesIO(body.encode())))


def test_an_empty_export_is_no_error() -> None:
    assert list(read_wordpress(an_export())) == []


@pytest.mark.parametrize("end", ["", "<item><wp:post_id>3</wp:post_id>", "</item>"])
def test_a_broken_file_is_refused_after_its_whole_articles(end: str) -> None:
    source = io.BytesIO(f"{HEAD}\n{an_item(a_comment())}{an_item(post_id='2')}\n{end}".encode())
    threads = read_wordpress(source)
    assert [len(next(threads).comments), len(next(threads).comments)] == [1, 0]
    with pytest.raises(ArchiveUnreadable, match=r"^Line 3: "):
        next(threads)


def test_a_reader_that_stops_early_leaves_no_file_open() -> None:
    threads = read_wordpress(a_big_export(articles=2, comments=2_000))
    comments = iter(next(threads).comments)
    next(comments)
    del threads
    with pytest.raises(ValueError, match="closed"):
        next(comments)


def peak_of_reading(source: BinaryIO, *, comments: int) -> int:
    """The bytes that Python held at most while all ``comments`` were read."""
    tracemalloc.start()
    try:
        assert sum(1 for thread in read_wordpress(source) for _ in thread.comments) == comments
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_finished_articles_are_not_held_in_memory() -> None:
    assert peak_of_reading(a_big_export(articles=1_000, comments=10), comments=10_000) < 4 * MEGABYTE


@pytest.mark.slow
def test_the_texts_of_one_big_article_are_not_held_in_memory() -> None:
    assert peak_of_reading(a_big_export(articles=1, comments=10_000), comments=10_000) < 8 * MEGABYTE


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
def test_two_hundred_thousand_comments_on_one_article_are_read_in_bounded_memory() -> None:
    process = subprocess.run(
        [sys.executable, "-c", READ_AND_TELL_PEAK], cwd=Path(__file__).parents[3], capture_output=True, check=True
    )
    comments, peak_kilobytes = map(int, process.stdout.split())
    assert comments == 200_000
    assert peak_kilobytes < 80 * 1024


READ_AND_TELL_PEAK = """
from pathlib import Path
from service.integrations.imports.wordpress import read_wordpress
from tests.integrations.imports.exports import a_big_export
threads = read_wordpress(a_big_export(articles=1, comments=200_000))
print(sum(1 for thread in threads for _ in thread.comments))
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def test_the_first_category_is_the_section() -> None:
    tag = '<category domain="post_tag" nicename="trams"><![CDATA[Trams]]></category>'
    first = "<category nicename=\"%d0%bc%d0%b8%d1%80-a&amp;b\" domain='category'><![CDATA[Мир]]></category>"
    second = '<category domain="category" nicename="world">World</category>'
    for categories, section in ((tag, ""), (tag + first + second, "мир-a&b"), ("<category>RSS</category>", "")):
        (thread,) = read_wordpress(an_export(an_item(a_comment(), categories)))
        assert thread.section == section
