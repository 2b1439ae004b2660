"""A URL from a reader or a host becomes a link only if it is an unambiguous http or https URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.platform.text.web_urls import (
    canonical_host,
    canonical_origin,
    canonical_url,
    is_origin,
    is_web_url,
    with_canonical_origin,
)
from tests.samples import sample_cases


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org", "https://example.org/", "HTTPS://Example.ORG:8080/a/b?c=d&e#f", "http://a.b."),
        *("http://localhost:8000/x", "http://192.0.2.1/", "http://[2001:db8::1]:80/", "https://a_b.example/%20"),
        *("https://пример.рф/путь", "https://उदाहरण.परीक्षा/", "https://xn--e1afmkfd.xn--p1ai/"),
        "https://a.b/" + "c" * 1_988,
    ],
)
def test_an_absolute_http_url_with_a_host_may_be_a_link(url: str) -> None:
    assert is_web_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "//example.org", "/path", "#f", "http:", "http://", "http:///a.b", "http:/a.b"),
        *("javascript:alert(1)", "data:text/html,x", "ftp://a.b", "mailto:a@b.c", "java\nscript:x", "feed:http://a.b"),
        *("http://u@a.b", "http://u:p@a.b", "http://@a.b", "http://good.example\\@bad.example", "http://a.b\\c"),
        *("http://a b", " http://a.b", "http://a.b\n", "http://a.b/\tc", "http://a.b/\x00", "http://a.b/\xa0"),
        *("http://a.b/\u202ec", "http://a\u200b.b", "http://a.b/\u3000", "http://a.b/<c>", 'http://a.b/"'),
        *("http://a.b/\ud800", "http://a.b:x", "http://a.b:99999", "http://a.b:-1", "http://[::1", "http://::1"),
        *(
            "http://[::1]x",
            "http://[x]",
            "http://[fe80::1%25eth0]",
            "http://[v1.a]",
            "http://[:::]",
            "http://[1.2.3.4]",
        ),
        *("http://.", "http://..", "http://a..b", "http://.a", "http://?a", "http://%61.b", "http://a％2fb"),
        *("http://a℀b", "http://a;b", "http://a,b", "http://a'b", "https://a.b/" + "c" * 1_989),
    ],
)
def test_any_other_text_is_not_a_link(url: str) -> None:
    assert not is_web_url(url)


@given(st.text() | st.text(alphabet="/:@[]\\.%?#a0 \t\u2100").map("http://".__add__))
def test_any_text_is_accepted_or_refused_without_an_error(text: str) -> None:
    assert is_web_url(text) in {True, False}


def test_hostile_strings_are_accepted_or_refused_without_an_error() -> None:
    for text in sample_cases("hostile/naughty-strings.json"):
        assert is_web_url(text) in {True, False}
        assert not is_web_url(f"javascript://{text}")


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://Gazette.EXAMPLE:443", "https://gazette.example/"),
        ("http://gazette.example.:80/a/../b/%2e/c", "http://gazette.example/b/c"),
        ("https://ev%69l.example/", "https://evil.example/"),
        ("https://evil。example/", "https://evil.example/"),
        ("https://ｅｖｉｌ．example/", "https://evil.example/"),
        ("https://e\xadvil.example/", "https://evil.example/"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[2001:DB8:0:0::1]:80/", "http://[2001:db8::1]/"),
        (
            "http://a.example/%7euser/%c3%a9?q=[x]|y&z=%5bx%5D%7c#top",
            "http://a.example/~user/é?q=%5Bx%5D%7Cy&z=%5Bx%5D%7C",
        ),
        ("http://a.example/%d0%b6%e2%80%ae%ff/ж\u202e%E3%80%80", "http://a.example/ж%E2%80%AE%FF/ж%E2%80%AE%E3%80%80"),
        ("http://a.example/#!/news/7", "http://a.example/#!/news/7"),
        ("http://a.example/?#/news/7", "http://a.example/#/news/7"),
    ],
)
def test_equivalent_urls_have_one_canonical_form(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical == canonical_url(canonical)


def test_a_canonical_origin_leaves_the_rest_of_a_url_as_typed() -> None:
    for url, expected in {
        "HTTPS://Ada.EXAMPLE": "https://ada.example",
        "https://ada.example.:443/A/%7e/./b//c?q=%2f&#Top": "https://ada.example/A/%7e/./b//c?q=%2f&#Top",
        "https://ａｄａ。example?x": "https://ada.example?x",
        "https://bücher.example/ü": "https://xn--bcher-kva.example/ü",
        "http://0x7f.1:80/": "http://127.0.0.1/",
        "http://[2001:DB8:0::1]:8080#a/b": "http://[2001:db8::1]:8080#a/b",
    }.items():
        assert with_canonical_origin(url) == expected == with_canonical_origin(expected)
    assert with_canonical_origin("ftp://ada.example") is None
    assert with_canonical_origin("https://ü.example/" + "c" * 1_980) is None


@given(st.text() | st.text(alphabet="/:@[]\\.%?#!a0 é。\t\u2100\xad").map("http://a".__add__))
def test_any_text_has_one_canonical_form_or_none(text: str) -> None:
    url, origin, host = canonical_url(text), canonical_origin(text), canonical_host(text)
    typed = with_canonical_origin(text)
    assert typed is None or (with_canonical_origin(typed) == typed and canonical_url(typed) == url)
    assert url is None or canonical_url(url) == url
    assert origin is None or (canonical_origin(origin) == origin and is_origin(origin) in {True, False})
    assert host is None or canonical_host(host) == host
    assert canonical_url(text) is not None or not is_web_url(text) or len(text.encode()) > 500


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a b",
        "a/b",
        "a:80",
        "u@a",
        "a%2fb",
        "a%00",
        "a..b",
        "a..",
        ".a",
        "a.2..",
        "[::1]",
        "a\n",
        "a\t",
        "1.2.3.4.5",
    ],
)
def test_other_text_is_not_a_host(text: str) -> None:
    assert canonical_host(text) is None
