"""Quotation marks within quotation marks, in each language."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.platform.languages.messages import LOCALES, catalogue
from service.platform.languages.quotation import nest_quotations

MARKS = "“”‘’„‚«»‹›「」『』《》〈〉"
LANGUAGES = st.sampled_from(LOCALES)


def marks(locale: str) -> tuple[str, str]:
    pairs = catalogue(locale)["quotation"]
    return pairs["outer"], pairs["inner"]


def test_the_outer_marks_are_those_of_the_heading() -> None:
    for locale in LOCALES:
        for heading in catalogue(locale)["heading"].values():
            found = re.search(r"(\S)\s?\{title\}\s?(\S)", heading)
            assert found
            assert found[1] + found[2] == marks(locale)[0], locale


def test_the_inner_marks_are_two_and_differ_but_in_french() -> None:
    for locale in LOCALES:
        outer, inner = marks(locale)
        assert len(outer) == len(inner) == 2
        assert set(outer) <= set(MARKS)
        assert set(inner) <= set(MARKS)
        assert (outer == inner) == (locale == "fr"), locale


@pytest.mark.parametrize(
    ("locale", "text", "expected"),
    [
        ("en", "A word on “politics”", "A word on ‘politics’"),
        ("en", "“All of it”", "‘All of it’"),
        ("en", "“He said “no” twice”", "‘He said “no” twice’"),
        ("en", "The reader’s “own” don’ts", "The reader’s ‘own’ don’ts"),
        ("en", "„Fremd“ und «étranger»", "„Fremd“ und «étranger»"),
        ("en", 'Inches: 5" and "straight"', 'Inches: 5" and "straight"'),
        ("de", "Was ist „Politik“?", "Was ist ‚Politik‘?"),
        ("ru", "Театр «Современник»", "Театр „Современник“"),
        ("fr", "Le « oui » de Paris", "Le « oui » de Paris"),
        ("nl", "De foto’s van ‘Moskou’", "De foto’s van “Moskou”"),
        ("ja", "「政治」について", "『政治』について"),
        ("pl", "O „polityce”", "O «polityce»"),
        ("en", "An “unpaired mark", "An “unpaired mark"),
        ("en", "An unpaired” mark “here", "An unpaired” mark “here"),
        ("en", "“One” and “two", "“One” and “two"),
    ],
)
def test_pairs_of_outer_marks_become_inner_ones(locale: str, text: str, expected: str) -> None:
    assert nest_quotations(text, locale) == expected


@given(LANGUAGES, st.text())
def test_a_text_without_outer_marks_is_unchanged(locale: str, text: str) -> None:
    plain = text.translate(dict.fromkeys(map(ord, marks(locale)[0])))
    assert nest_quotations(plain, locale) == plain


@given(LANGUAGES, st.text(alphabet=f"a {MARKS}"))
def test_a_text_with_unpaired_marks_is_unchanged(locale: str, text: str) -> None:
    outer, inner = marks(locale)
    text = text.replace("’", "")  # it may be an apostrophe
    nested = nest_quotations(text, locale)
    depth = 0
    for mark in text:
        depth += (mark == outer[0]) - (mark == outer[1])
        if depth < 0:
            break
    if depth:
        assert nested == text
    assert len(nested) == len(text)
    changed = {(before, after) for before, after in zip(text, nested, strict=True) if before != after}
    assert changed <= set(zip(outer, inner, strict=True))
