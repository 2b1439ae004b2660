"""Imported HTML passes the same sanitiser, and keeps its paragraphs."""

from pathlib import Path

import pytest
from defusedxml.ElementTree import parse
from hypothesis import given
from hypothesis import strategies as st

from service.conversation.comments.render import sanitise_imported
from tests.conversation.comments.reading_html import REL, Reading
from tests.samples import sample_cases, sample_id, samples

TAGS = ["a", "b", "blockquote", "code", "del", "div", "em", "i", "li", "ol", "p", "pre", "q", "s", "script", "ul"]
PARTS = ["<a href='http://a.b'>", "<a href=javascript:x>", "<br>", "<br/>", "<img src=http://a.b alt=c>", "<!--", "-->"]
OTHERS = ["<", ">", '"', "'", "&", "&#8238;", "&amp;#60;", "\n", "\n\n", " ", "x", "\u202e", "&#", "8238;"]
HTML = st.lists(
    st.sampled_from([*(f"<{tag}>" for tag in TAGS), *(f"</{tag}>" for tag in TAGS), *PARTS, *OTHERS]), max_size=40
).map("".join)


@pytest.mark.parametrize(
    ("html_text", "html"),
    [
        ("One\r\nline\n\nand another", "<p>One<br>\nline</p><p>and another</p>"),
        ("<p>One</p>\n<p>two<br />\nthree<br><br>four</p>", "<p>One</p><p>two<br>\nthree</p><p>four</p>"),
        ("<b>a\n\nb</b>", "<p><b>a</b></p><p><b>b</b></p>"),
        ("<em>never closed", "<p><em>never closed</em></p>"),
        ("a</em></p></blockquote>b", "<p>a</p><p>b</p>"),
        ("<b><i>a</b></i>", "<p><b><i>a</i></b></p>"),
        ("<ul><li>a<li>b\nc</ul>", "<ul><li>a</li><li>b<br>\nc</li></ul>"),
        ("<blockquote>a\n\nb</blockquote>c", "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>"),
        ("<pre>a\n\n  b</pre>c", "<pre>a\n\n  b</pre><p>c</p>"),
        ("<div>a</div><h2>b</h2>", "<p>a</p><p>b</p>"),
        ("<code>a &lt;b&gt;</code>", "<p><code>a &lt;b&gt;</code></p>"),
        ("a < b <3 & c", "<p>a &lt; b &lt;3 &amp; c</p>"),
        ("it&#8217;s &eacute;", "<p>it’s é</p>"),
        ("<span class='x'>a</span><!-- b --><script>c</script>", "<p>ac</p>"),
        (
            "<a href='https://a.b/?c&amp;d' onclick='e'>f</a>",
            f'<p><a href="https://a.b/?c&amp;d" rel="{REL}">f</a></p>',
        ),
        ('<a title="a > b" href="https://a.b">c</a>', f'<p><a href="https://a.b" rel="{REL}">c</a></p>'),
        ("<a href='javascript:a'>b</a> <a name=c>d</a>", "<p>b d</p>"),
        ("<img src='https://a.b/c.png' alt='d'>", f'<p><a href="https://a.b/c.png" rel="{REL}">d</a></p>'),
        ("<img src='/c.png' alt='d'>", "<p>d</p>"),
        ("<a href='http://a.b'>c<a href='http://d.e'>f</a>g</a>", f'<p><a href="http://a.b" rel="{REL}">cfg</a></p>'),
        ("<pre>a<pre>b</pre>c</pre>d", "<pre>abc</pre><p>d</p>"),
    ],
)
def test_imported_html_is_repaired(html_text: str, html: str) -> None:
    assert sanitise_imported(html_text) == html


@pytest.mark.parametrize(
    "reference", ["\u202e", "&#8238;", "&#x202E;", "&#0008238", "&&#35;8238;", "&RightToLeftOverride;", "&#7;"]
)
def test_no_bidi_or_control_character_comes_in_by_reference(reference: str) -> None:
    assert not {"\u202e", "\x07", "\x81"} & set(Reading(sanitise_imported(f"a{reference}b")).text)


def test_nesting_is_limited() -> None:
    assert Reading(sanitise_imported("<blockquote>" * 5_000 + "a")).depth <= 30
    assert Reading(sanitise_imported("<ul><li>" * 5_000 + "a")).depth <= 30
    assert Reading(sanitise_imported("<b><i>" * 5_000 + "a" + "</i></b>" * 5_000 + "b")).text == "ab"


@given(st.text() | HTML)
def test_any_imported_html_is_safe(html_text: str) -> None:
    html = sanitise_imported(html_text)
    assert Reading(html).depth <= 60
    assert "\u202e" not in html


@pytest.mark.parametrize("name", ["hostile/xss.json", "hostile/naughty-strings.json", "hostile/unicode.json"])
def test_hostile_strings_are_safe(name: str) -> None:
    for case in sample_cases(name):
        Reading(sanitise_imported(case if isinstance(case, str) else case.get("payload", case.get("text"))))


@pytest.mark.parametrize("path", samples("wordpress/nested.xml", real="wordpress/theme-unit-test.xml"), ids=sample_id)
def test_the_comments_of_a_blog_keep_their_text(path: Path) -> None:
    export = parse(path)
    contents = [element.text for element in export.iter() if element.tag.endswith("}comment_content")]
    assert len(contents) > 30
    for content in filter(None, contents):
        assert Reading(sanitise_imported(content)).text.strip()
