"""A bare link ends where readers of its language see it end, for pages and for rules alike."""

import re
import unicodedata
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conversation.comments.autolinks import mark_autolinks, remove_marks
from service.conversation.comments.render import render
from service.conversation.screening.rule_set import make_draft_text
from service.platform.languages.messages import FOLDER
from tests.conversation.comments.reading_html import Reading


class AutolinkCase(msgspec.Struct):
    """A comment's text, and the targets of its links."""

    body: str
    expected_hrefs: list[str]


class AutolinkInputs(msgspec.Struct):
    """The inputs from the field."""

    cases: list[AutolinkCase]
    must_not_change: list[str]


FIELD = msgspec.json.decode(
    Path("tests/data/field/autolink-non-ascii-punctuation.json").read_bytes(), type=AutolinkInputs
)
A, B = "https://example.com/a", "https://example.com/b"

# After a link in each of the languages: full stop, comma, question, quotes, brackets, as they are typed.
AFTER = {
    "ar": "، ؛ ؟ … » ﴾",
    "de": "“ ‘ « ‹ … –",
    "en": "” ’ … — ,” .”",
    "es": "» ” … !¿ ?¡",
    "fa": "، ؛ ؟ « ۔ …",
    "fr": "\xa0» \u202f! \xa0? … ’ ”",
    "he": "״ ׃ ” … ־",
    "hi": "। ॥ ” … ’",
    "it": "» ” … ’",
    "ja": "。 、 」 』 ） ！ ？ … ・ 〜 】 》 \u3000 ： ≫ ｡ ｣",
    "ko": "” 」 』 》 … ㆍ ·",
    "nl": "” ’ … „",
    "pl": "” » … –",
    "pt": "» ” … —",
    "ru": "» “ … —",
    "tr": "” ’ … »",
    "uk": "» “ ” … —",
    "zh": "。 ， ； ： ？ ！ ） 》 】 ” … —— \u3000 、 〕 ＞ ．",
}
ELSEWHERE = "။ ៕ ། ። ፣ ։ ᠃ ۔ ߸ ॥ ꘎ 𑅁 \u2028 \u200b \u2060 \ufeff \xad \u200f \u2009 \x85 ⟩ ⸥ ﹂ ｝ ❯ ❞ ※ ¶ · – ‑"


def links(body: str) -> list[str]:
    return Reading(render(body)).links


@pytest.mark.parametrize("case", FIELD.cases, ids=lambda case: case.body)
def test_inputs_from_the_field_have_the_expected_links(case: AutolinkCase) -> None:
    assert links(case.body) == case.expected_hrefs


def test_links_with_brackets_queries_and_underscores_stay_whole() -> None:
    shown = [Reading(render(body)).text for body in FIELD.must_not_change]
    assert shown == [*FIELD.must_not_change[:3], "https://example.com/a_b/"]
    assert all(len(links(body)) == 1 for body in FIELD.must_not_change)


def test_a_link_ends_at_punctuation_of_every_language() -> None:
    assert AFTER.keys() == {path.stem for path in FOLDER.glob("*.toml")}
    for after in [*" ".join(AFTER.values()).split(" "), *ELSEWHERE.split(" ")]:
        for text in (f"{A}{after}", f"{A}{after} x", f"{A}.{after}"):
            assert links(text) == [A], ascii(text)
        assert links(f"{A}{after}{B}") == [A, B], ascii(after)


def test_every_bracket_quote_and_space_of_unicode_ends_a_link() -> None:
    kinds = {"Ps", "Pe", "Pi", "Pf", "Zs"}
    for each in map(chr, range(0x80, 0x10000)):
        if unicodedata.category(each) in kinds and each not in "‘’":
            assert links(f"{A}{each}x") == [A], ascii(each)


@pytest.mark.parametrize(
    "url",
    [
        "https://hi.wikipedia.org/wiki/हिन्दी",
        "https://fa.wikipedia.org/wiki/می\u200cخواهم",
        "https://ja.wikipedia.org/wiki/ジョン・レノン",
        "https://he.wikipedia.org/wiki/צה״ל",
        "https://ca.wikipedia.org/wiki/Col·lecció",
        "https://th.wikipedia.org/wiki/กรุงเทพฯ",
        "https://en.wikipedia.org/wiki/Michelson–Morley",
        "https://fr.wikipedia.org/wiki/Aujourd’hui",
        "https://пример.рф/новость",
        "https://例え.jp/テスト",
        "https://bücher.example/ü",
        "https://xn--e1afmkfd.xn--p1ai/a",
        "https://web.archive.org/2020/https://b.example/é",
        "https://example.com/cafe\u0301",
    ],
)
def test_letters_marks_and_signs_within_words_belong_to_a_link(url: str) -> None:
    for text in (url, f"«{url}»", f"{url}。", f"{url}, x"):
        read = Reading(render(text))
        assert len(read.links) == 1
        assert f">{url}</a>" in render(text)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("https://example.com谢谢", ["https://example.com"]),
        ("https://example.com에서 봤다", ["https://example.com"]),
        ("https://example.com:8080を見て", ["https://example.com:8080"]),
        ("见https://a.example/见https://b.example/", ["https://a.example/", "https://b.example/"]),
        ("「www.example.com/a」", ["http://www.example.com/a"]),
        ("詳細はwww.example.com/aで。", ["http://www.example.com/a%E3%81%A7"]),
        ("www.a.example、www.b.example。", ["http://www.a.example", "http://www.b.example"]),
        ("HTTPS://Example.com/a。", ["HTTPS://Example.com/a"]),
        ("**https://example.com/a**。", [A]),
        ("https://example.com/a\\。", [A]),
        ("「ada@example.com」、mailto:ada@example.com。", []),
    ],
)
def test_hosts_www_and_addresses_end_at_the_next_word(body: str, expected: list[str]) -> None:
    assert links(body) == expected


def test_symbols_and_emoji_at_the_end_are_not_part_of_a_link() -> None:
    for after in ["😀", "❤️", "👨\u200d👩\u200d👧", "🇩🇪!", "👍🏽.", "→", "│", "™", "€", "✅)", "😀\\", "\\😀"]:
        assert links(f"{A}{after}") == [A], after
        assert links(f"{A}{after}{B}") == [A, B], after
    for url in ("https://a.example/😀/x", "https://a.example/I_♥_Huckabees", "https://en.wikipedia.org/wiki/C++"):
        assert f">{url}</a>" in render(url)


def test_a_link_ends_at_a_reference_to_a_character_that_ends_links() -> None:
    for reference in ("&nbsp;", "&#160;", "&#x3000;", "&quot;", "&laquo;", "&lt;", "&shy;", "&ensp;"):
        for after in ("", "x", "x&amp;y"):
            assert links(f"{A}{reference}{after}") == [A], reference
    for query in ("?b=1&copy=2", "?b=1&amp;c=2", "?b=1&lt=2"):
        assert len(links(f"{A}{query}")) == 1
        assert links(f"{A}{query}")[0].endswith("2")


def test_punctuation_before_the_next_link_ends_a_link() -> None:
    for between in (",", ";", "|", "),(", "]\\", '","', "...", "!"):
        assert links(f"{A}{between}{B}") == [A, B], between
    assert links(f"[x]({A},{B})") == [f"{A},{B}"]
    for url in ("https://a.example/?u=https://b.example", "https://web.archive.org/2020/https://b.example/"):
        assert links(url) == [url]


def test_explicit_links_and_code_keep_what_was_typed() -> None:
    assert links("<https://example.com/a。b>") == ["https://example.com/a%E3%80%82b"]
    assert links("[x](https://example.com/a。b)") == ["https://example.com/a%E3%80%82b"]
    assert links("[x](https://a.b/「www.c.d」)") == ["https://a.b/%E3%80%8Cwww.c.d%E3%80%8D"]
    assert render("`「www.a.b」https://c.d。`") == "<p><code>「www.a.b」https://c.d。</code></p>"
    assert render("```\n「www.a.b」\nhttps://c.d。\n```") == "<pre><code>「www.a.b」\nhttps://c.d。\n</code></pre>"


def test_rules_count_the_links_that_readers_see() -> None:
    body = "https://a.example/、https://b.example/，「www.c.example」"
    draft = make_draft_text(author_name="Ada", author_url=None, body=body, html=render(body))
    assert draft.hosts == ["a.example", "b.example", "www.c.example"]


PARTS = [
    "https://a.b/c",
    "www.a.b",
    "&nbsp;",
    ",",
    "http://é.f",
    "。",
    "「",
    "」",
    "’",
    "é",
    "见",
    "\\",
    "(",
    ")",
    "](",
    "[x",
    "<",
    ">",
]


@given(
    st.lists(st.sampled_from([*PARTS, "<", ">", "`", "*", " ", "\n", "&amp;", "\U00011141", "ㆍ"]), max_size=30).map(
        "".join
    )
)
def test_marks_leave_no_trace(body: str) -> None:
    assert remove_marks(mark_autolinks(body).replace("<\ufdd1", "&lt;\ufdd1")) == body
    assert not re.search("[\ufdd0-\ufdd2]|%EF%B7%9[012]", render(body))
