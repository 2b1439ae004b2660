"""Damage in an export costs the record it is in, never the rest; each repair is reported with its line."""

import gzip
import io
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

import pytest
from defusedxml.ElementTree import fromstring

from service.integrations.imports.archive import ArchivedComment, ArchiveUnreadable, Issue, Issues
from service.integrations.imports.wordpress import read_wordpress
from service.integrations.imports.xml_text import CHUNK
from service.integrations.imports.xml_tokens import read_tokens
from tests.integrations.imports.exports import HEAD, TAIL, a_comment, an_item
from tests.samples import samples


class Read(NamedTuple):
    """The comments of a file by article, its issues with their first examples, and the reason why reading stopped."""

    articles: dict[str, list[ArchivedComment]]
    issues: dict[Issue, str]
    refusal: str

    def texts(self) -> list[str]:
        return [comment.content for comments in self.articles.values() for comment in comments]


def read(body: bytes | str) -> Read:
    issues, articles, refusal = Issues(), dict[str, list[ArchivedComment]](), ""
    source = io.BytesIO(body.encode() if isinstance(body, str) else body)
    try:
        for thread in read_wordpress(source, issues=issues):
            articles[thread.article] = list(thread.comments)
            issues.add(thread.issues)
    except ArchiveUnreadable as error:
        refusal = str(error)
    return Read(articles, {issue: examples[0] for issue, examples in issues.examples.items()}, refusal)


def a_file(*, head: str = HEAD, content: str = "", tail: str = TAIL) -> str:
    """Three comments in two articles; the second, whose ``content`` is given without a CDATA section, is on line 3."""
    second = a_comment("2", content=None).replace(
        "</wp:comment>", f"<wp:comment_content>{content}</wp:comment_content></wp:comment>"
    )
    return f"{head}\n{an_item(a_comment('1'))}\n{an_item(second, a_comment('3'), post_id='2')}\n{tail}"


@pytest.mark.parametrize(
    ("name", "article", "texts", "repair"),
    [
        ("03-wxr-blank-line-first.xml", "101", ["Hello", "Hello"], {Issue.TEXT_OUTSIDE: "line 3"}),
        ("03b-wxr-bom-then-blank-line.xml", "103", ["Hello"], {Issue.TEXT_OUTSIDE: "line 2"}),
        ("03c-wxr-php-notice-first.xml", "104", ["Hello"], {Issue.TEXT_OUTSIDE: "line 1"}),
        ("05b-wxr-control-reference.xml", "120", ["a b c"], {Issue.CONTROL_CHARACTER: "line 4"}),
    ],
)
def test_exports_of_bug_reports_lose_no_record(
    name: str, article: str, texts: list[str], repair: dict[Issue, str]
) -> None:
    for path in samples(f"field/{name}"):
        found = read(path.read_bytes())
        assert (list(found.articles), found.texts(), found.issues, found.refusal) == ([article], texts, repair, "")
        assert [comment.parent_key for comment in found.articles[article]] == [None, "1"][: len(texts)]


def test_each_kind_of_damage_is_repaired_and_reported() -> None:
    for content, text, repair in (
        ("a&nbsp;b &eacute; &hellip;", "a\u00a0b é …", Issue.HTML_ENTITY),
        ("a&#11;b&#x1f;c&#0;d", "a b c d", Issue.CONTROL_CHARACTER),
        ("a\x0bb\x1fc\x00d", "a b c d", Issue.CONTROL_CHARACTER),
        ("a&#xD800;b&#x110000;c", "a\ufffdb\ufffdc", Issue.INVALID_CHARACTER),
        ("a & b &c; &copy=1 &", "a & b &c; &copy=1 &", Issue.UNESCAPED),
        ("1 < 2, I <3 you, <http://x.example>", "1 < 2, I <3 you, <http://x.example>", Issue.UNESCAPED),
        ("a <b and c", "a <b and c", Issue.UNESCAPED),
        ("<![CDXTA[a]]>", "<![CDXTA[a]]>", Issue.UNESCAPED),
        ("<!-- never closed", "<!-- never closed", Issue.UNESCAPED),
        ("<? never closed", "<? never closed", Issue.UNESCAPED),
        ('<a title="x>a</a>', "a", Issue.UNESCAPED),
        ("a<br>b<p>c", "abc", Issue.MISMATCHED_TAG),
        ("a</i>b", "ab", Issue.MISMATCHED_TAG),
        ("a<o:p>b</o:p>", "ab", Issue.UNBOUND_PREFIX),
    ):
        found = read(a_file(content=content))
        assert found.texts() == ["Text 1", text, "Text 3"], content
        assert list(found.issues) == [repair], content
        assert found.issues[repair].startswith("line 3"), content
        assert found.refusal == ""


def test_valid_markup_is_not_repaired() -> None:
    for content, text in (
        ("a<!-- x < y & z -->b<?php echo 1 > 0 ?>c", "abc"),
        ("<![CDATA[&nbsp; <b> & ]]]]><![CDATA[> <![CDATA[]]>", "&nbsp; <b> & ]]> <![CDATA["),
        ("&amp;&lt;&gt;&quot;&apos;&#38;&#x26;&#x1F600;&amp;nbsp;", "&<>\"'&&😀&nbsp;"),
        ('<a b="x > y" c=\'"\'>z</a >', "z"),
        ("a\r\nb\rc\nd&#13;", "a\nb\nc\nd\r"),
    ):
        found = read(a_file(content=content))
        assert (found.texts(), found.issues) == (["Text 1", text, "Text 3"], {}), content


def test_text_around_the_document_is_ignored() -> None:
    whole = a_file(content="Text 2")
    notice = "<br />\n<b>Warning</b>: foo() on line <b>1</b> & more<br>\n"
    for body, line in (
        (f"\n\n{whole}", "line 3"),
        (f"\ufeff\n{whole}", "line 2"),
        (f"\n\ufeff{whole}", "line 2"),
        (f"{notice}{whole}", "line 1"),
        (f"{notice}{whole.partition('?>')[2]}", "line 1"),
        (f"<!DOCTYPE html>\n<html><body>{whole}</body></html>", "line 2"),
        (f"{whole}\n{notice}", "line 5"),
        (f"{whole}{whole}", "line 4"),
    ):
        found = read(body)
        assert found.texts() == ["Text 1", "Text 2", "Text 3"]
        assert found.issues.pop(Issue.TEXT_OUTSIDE) == line, body
        assert found.refusal == ""


def test_every_encoding_is_read_and_a_wrong_byte_is_read_as_windows_1252() -> None:
    whole = a_file(content="Café “😀”")
    plain = whole.replace("😀", "x")
    declared = HEAD.partition("?>")[0] + "?>"
    for body, text, issues in (
        (whole.encode("utf-8-sig"), "Café “😀”", set()),
        (whole.encode("utf-16"), "Café “😀”", set()),
        (whole.encode("utf-16-be"), "Café “😀”", set()),
        (whole.encode("utf-16-le"), "Café “😀”", set()),
        (f"\n{whole}".encode("utf-16-le"), "Café “😀”", {Issue.TEXT_OUTSIDE}),
        (plain.replace("UTF-8", "windows-1252").encode("windows-1252"), "Café “x”", set()),
        (whole.replace("UTF-8", "gb18030").encode("gb18030"), "Café “😀”", set()),
        (plain.encode("windows-1252"), "Café “x”", {Issue.INVALID_CHARACTER}),
        (whole.replace("UTF-8", "UTX-8").encode(), "Café “😀”", {Issue.UNKNOWN_ENCODING}),
        (whole.replace("UTF-8", "UTF-16").encode(), "Café “😀”", {Issue.UNKNOWN_ENCODING}),
        (whole.replace("UTF-8", "rot13").encode(), "Café “😀”", {Issue.UNKNOWN_ENCODING}),
        (whole.replace("UTF-8", "unicode_escape").encode(), "Café “😀”", {Issue.UNKNOWN_ENCODING}),
        (whole.replace(declared, "").encode(), "Café “😀”", set()),
        (whole.replace("é", "\udce9").encode("utf-8", "surrogateescape"), "Café “😀”", {Issue.INVALID_CHARACTER}),
    ):
        found = read(body)
        assert found.texts() == ["Text 1", text, "Text 3"], body[:60]
        assert set(found.issues) == issues, body[:60]
        assert found.refusal == ""


def test_prefixes_without_their_namespace_keep_their_meaning() -> None:
    for head in (
        HEAD.replace(' xmlns:wp="http://wordpress.org/export/1.2/"', ""),
        HEAD.replace("wordpress.org/export", "wordpress.xrg/export"),
    ):
        assert read(a_file(head=head, content="Text 2")).texts() == ["Text 1", "Text 2", "Text 3"]


def test_a_file_cut_anywhere_gives_its_complete_comments_and_says_that_it_ends_early() -> None:
    whole = a_file(content="Text 2")
    ends = [whole.index(f"Text {number}") for number in (1, 2, 3)]
    for at in range(len(HEAD), len(whole.rstrip()) - 1, 7):
        found = read(whole[:at])
        complete = [
            f"Text {number}" for number, end in enumerate(ends, 1) if whole.index("</wp:comment>", end) + 13 <= at
        ]
        assert found.texts() == complete, at
        assert found.refusal.endswith("the file ends too early."), at


def test_a_cut_article_is_left_out_if_its_id_or_status_may_be_missing() -> None:
    item = an_item(a_comment(), post_id=None, status=None).removesuffix("</item>")
    assert read(f"{HEAD}{item}").articles == {}


def test_an_article_whose_id_or_status_is_damaged_never_gets_another() -> None:
    whole = a_file(content="Text 2")
    without_id = read(whole.replace("<wp:post_id>", "<wp:pXst_id>", 1))
    assert (list(without_id.articles), without_id.texts()) == (["2"], ["Text 2", "Text 3"])
    assert without_id.issues[Issue.NO_ARTICLE] == "line 2: “An article”, 1 comments"
    issues = Issues()
    body = whole.replace("<wp:status>", "<wp:stXtus>", 1).encode()
    assert [thread.visibility for thread in read_wordpress(io.BytesIO(body), issues=issues)] == [
        "withdrawn",
        "published",
    ]


def test_a_comment_in_a_cdata_section_can_not_forge_another() -> None:
    forged = f"</wp:comment_content></wp:comment>{a_comment('9')}".replace("]]>", "]]&gt;")
    found = read(a_file(content=f"<![CDATA[{forged}]]>"))
    assert (found.texts(), found.issues) == (["Text 1", forged, "Text 3"], {})


def test_the_pieces_in_which_a_file_arrives_make_no_difference() -> None:
    whole = a_file(content="a&nbsp;b <![CDATA[c]]> d<!-- e --><i title='f > g'>h & i < j &#11;</i> <br/> k\r\nl")
    expected = tokens([whole])
    for size in range(1, 60):
        assert tokens([whole[at : at + size] for at in range(0, len(whole), size)]) == expected, size


def tokens(pieces: list[str]) -> tuple[list[tuple[str, str, str]], dict[Issue, list[str]]]:
    """The tokens of a file, each text in one, and the repairs."""
    issues = Issues()
    found: list[tuple[str, str, str]] = []
    for token in read_tokens(pieces, issues):
        if token.kind == "text" and found and found[-1][0] == "text":
            found[-1] = ("text", found[-1][1] + token.value, "")
        else:
            found.append((token.kind, token.value, token.attributes))
    return found, issues.examples


def test_a_compressed_file_is_read() -> None:
    whole = a_file(content="Text 2" + "x" * 2 * CHUNK).encode()
    packed = gzip.compress(whole)
    for body in (packed, packed + b"junk", gzip.compress(whole[:700]) + gzip.compress(whole[700:])):
        assert (len(read(body).texts()), read(body).refusal) == (3, "")
    cut = read(packed[:-20])
    assert (cut.texts()[0], cut.refusal[-24:]) == ("Text 1", "the file ends too early.")


@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.slow)])
def test_one_wrong_byte_costs_what_is_around_it_at_most_and_the_loss_is_reported(step: int) -> None:
    items = [an_item(a_comment(f"{n}1"), a_comment(f"{n}2"), post_id=str(n)) for n in (1, 2, 3)]
    whole = f"{HEAD}{''.join(items)}{TAIL}"
    before = records(read(whole))
    for at in range(0, len(whole), step):
        for wrong in "\x00<X":
            body = f"{whole[:at]}{wrong}{whole[at + 1 :]}"
            if is_well_formed(body):  # then it is another value, and not damage
                continue
            found = read(body)
            after = records(found)
            context = f"{whole[max(0, at - 30) : at]}[{wrong!r}]{whole[at + 1 : at + 31]}"
            assert after == before or found.issues or found.refusal, context
            # At the worst, the tags between two articles were swallowed.
            assert len(before.keys() - after.keys()) <= 3, context
            assert sum(after[key] != before[key] for key in after.keys() & before.keys()) <= 1, context


def records(found: Read) -> dict[tuple[str, str], ArchivedComment]:
    return {(article, comment.key): comment for article, comments in found.articles.items() for comment in comments}


def is_well_formed(body: str) -> bool:
    try:
        fromstring(body)
    except ParseError:
        return False
    return True
