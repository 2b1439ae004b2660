"""A broken or malicious file is refused with one clear exception, in bounded memory."""

import io
import tracemalloc
from collections.abc import Iterable
from itertools import chain, repeat

import pytest

from service.integrations.imports.archive import ArchiveUnreadable, Issues
from service.integrations.imports.xml_elements import Element, read_elements
from tests.integrations.imports.exports import a_stream

LIMITS = {"/rss/title": 10, "/rss/item": 0}
MEGABYTE = 1024 * 1024

BOMBS = {
    "billion laughs": "<!DOCTYPE r [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'><!ENTITY c '&b;&b;&b;'>]><rss>&c;</rss>",
    "quadratic blow-up": f"<!DOCTYPE r [<!ENTITY a '{'ha' * 50_000}'>]><rss>{'&a;' * 10_000}</rss>",
    "external entity": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><title>&x;</title></rss>',
    "parameter entity": '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd"> %x;]><rss/>',
    "external document type": '<!DOCTYPE rss SYSTEM "http://127.0.0.1/rss.dtd"><rss/>',
    "harmless document type": "<!DOCTYPE rss><rss/>",
}


def read(text: str | bytes) -> list[Element]:
    body = text.encode() if isinstance(text, str) else text
    return list(read_elements(io.BytesIO(body), LIMITS, str, Issues()))


def refusal(text: str | bytes) -> str:
    with pytest.raises(ArchiveUnreadable) as caught:
        read(text)
    return str(caught.value)


def test_elements_are_yielded_at_their_end_tags() -> None:
    found = read("<rss>\n<title>One &amp; <b>two</b></title><x><title>no</title></x>\n<item>text</item></rss>")
    assert found == [Element("/rss/title", "One & two", False, 2), Element("/rss/item", "", False, 3)]


def test_text_beyond_the_limit_is_truncated() -> None:
    assert read("<rss><title>0123456789</title></rss>")[0] == Element("/rss/title", "0123456789", False, 1)
    assert read("<rss><title>0123456789a</title></rss>")[0] == Element("/rss/title", "0123456789", True, 1)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(name: str) -> None:
    tracemalloc.start()
    assert refusal(f'<?xml version="1.0"?>\n{BOMBS[name]}').startswith("Line 2: a document type (DTD)")
    assert tracemalloc.get_traced_memory()[1] < 4 * MEGABYTE
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<rss>\n<title>", "Line 2: the file ends too early."),
        ("<rss><title", "Line 1: the file ends too early."),
        ("", "Line 1: the file has no <rss> element"),
        ("PK\x03\x04", "Line 1: the file has no <rss> element"),
        ('{"comments": []}', "Line 1: the file has no <rss> element"),
        ("\n<html><body>Log in</body></html>", "Line 1: the file has no <rss> element"),
        (b"\x1f\x8b", "Line 1: the file has no <rss> element"),
    ],
)
def test_another_format_is_refused(text: str | bytes, expected: str) -> None:
    assert refusal(text).startswith(expected)


def test_elements_before_the_error_are_yielded_first() -> None:
    elements = read_elements(io.BytesIO(b"<rss><title>whole</title><item>"), LIMITS, str, Issues())
    assert next(elements).text == "whole"
    with pytest.raises(ArchiveUnreadable):
        next(elements)


def test_control_characters_are_read_as_spaces() -> None:
    assert read("<rss><title><![CDATA[a\x00\x0b\x1fb\tc]]></title></rss>")[0].text == "a   b\tc"


@pytest.mark.parametrize(
    "parts",
    [
        chain(["<rss><a ", "a='"], repeat("x" * 1000, 2_000), ["'/>"]),
        chain(["<rss><!-- "], repeat("x" * 1000, 2_000), [" -->"]),
        chain(["<rss>"], repeat("<a>", 5_000), ["</rss><rss>"]),
        chain(["<rss>"], (f"<a{n}/>" for n in range(5_000))),
        chain(["<rss>"], (f"<b{n}:a/>" for n in range(5_000))),
        chain(["<rss>"], (f"<a b{n}=''/>" for n in range(5_000))),
        chain(["<rss>"], (f"<rss xmlns:b{n}='{'u' * 200}'></rss>" for n in range(5_000)), ["<rss>"]),
        chain(["<rss>"], repeat("<!--", 20_000)),
        chain(["<rss>"], repeat("&", 20_000)),
        ["<rss>", f"<{'a' * 100_000}/>"],
    ],
    ids=[
        "tag",
        "comment",
        "nesting",
        "names",
        "prefixes",
        "attributes",
        "namespaces",
        "openings",
        "references",
        "name",
    ],
)
def test_nothing_grows_with_the_file(parts: Iterable[str]) -> None:
    tracemalloc.start()
    end = ["<title>whole</title></rss>"]
    assert [element.text for element in read_elements(a_stream(chain(parts, end)), LIMITS, str, Issues())] == ["whole"]
    assert tracemalloc.get_traced_memory()[1] < 4 * MEGABYTE
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["title", "item", "other"])
def test_one_huge_element_is_not_held(name: str) -> None:
    tracemalloc.start()
    parts = chain([f"<rss><{name}><![CDATA["], repeat("x" * 65_536, 1_000), [f"]]></{name}></rss>"])
    found = list(read_elements(a_stream(parts), LIMITS, str, Issues()))
    assert len(found) == (name != "other")
    assert tracemalloc.get_traced_memory()[1] < 4 * MEGABYTE
    tracemalloc.stop()
