"""Language negotiation, and limits on the header."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.platform.languages.messages import LOCALES, catalogue_for, negotiate


@pytest.mark.parametrize(
    ("tag", "expected"), [("ru-RU", "ru"), ("AR_eg", "ar"), ("ja", "ja"), ("xx", "en"), ("", "en"), ("english", "en")]
)
def test_a_locale_without_a_catalogue_falls_back(tag: str, expected: str) -> None:
    assert catalogue_for(tag) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "ar"),
        ("", "ar"),
        ("ru", "ru"),
        ("xx, ja;q=0.5", "ja"),
        ("ja;q=0.5, ru;q=0.9", "ru"),
        ("ja;q=0.5, ru;Q=0.9", "ru"),
        ("ja,ru", "ja"),
        ("ru;q=0, ja;q=0.1", "ja"),
        ("ru;q=0.000", "ar"),
        ("xx", "ar"),
        ("*", "ar"),
        ("*, ru;q=0.5", "ar"),
        ("*;q=0, ru;q=0.5", "ru"),
        ("*;q=0.1, ru;q=0.5", "ru"),
    ],
)
def test_the_reader_gets_the_language_with_the_highest_quality(header: str | None, expected: str) -> None:
    assert negotiate(header, site_locale="ar-EG") == expected


@pytest.mark.parametrize("part", ["ru;q=2", "ru;q=x", "ru;q=0.٥", "ru;q=-1", "ru;q=0.1234", "ru;", ";;", "ru-", "ru\v"])
def test_malformed_parts_of_a_header_are_ignored(part: str) -> None:
    assert negotiate(f"{part}, ja;q=0.3", site_locale="ar") == "ja"


def test_a_long_header_is_truncated_between_languages() -> None:
    assert negotiate("xx," * 300 + "ru", site_locale="ar") == "ar"
    assert negotiate("ru," + "xx," * 300, site_locale="ar") == "ru"
    for length in range(480, 500):
        assert negotiate("x" * length + ",ruxxxxxxxxxxxxxxxxxxxx", site_locale="ar") == "ar"


def test_long_headers_are_not_kept_in_memory() -> None:
    tracemalloc.start()
    try:
        for number in range(100):
            negotiate("xx," * 20_000 + str(number), site_locale="ar")
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@given(st.text(max_size=600))
def test_no_header_is_ever_refused(header: str) -> None:
    assert negotiate(header, site_locale="xx") in LOCALES
