"""The two lines of a thread, in each language: exactly none and one apart from the locale's plural forms."""

import json
import re
import tomllib
import tracemalloc

import pytest
from babel import Locale
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from service.threads.labels import FOLDER, LOCALES, catalogue_for, label, labels, negotiate, plural_key
from tests.builders import REFERENCE_TITLE
from tests.real_data import real_data

# Enough whole numbers to meet every plural category of every locale: French has one that begins at a million.
WHOLE_NUMBERS = [*range(1000), *(10**power for power in range(3, 10))]


def test_the_reference_lines() -> None:
    lines = labels(locale="en", count=1, title=REFERENCE_TITLE, closed=True)
    assert lines.heading == "One reply on “Moscow conference calls for global counterterrorism dialogue”"
    assert lines.notice == "Comments are closed."


@pytest.mark.parametrize(
    ("locale", "count", "expected"),
    [
        ("en", 0, "No replies"),
        ("en", 1, "One reply"),
        ("en", 2, "2 replies"),
        ("en", 1234567, "1,234,567 replies"),
        ("ru", 0, "Нет ответов"),
        ("ru", 1, "Один ответ"),
        ("ru", 2, "2 ответа"),
        ("ru", 5, "5 ответов"),
        ("ru", 11, "11 ответов"),
        ("ru", 21, "21 ответ"),
        ("ru", 101, "101 ответ"),
        ("ru", 111, "111 ответов"),
        ("ru", 12345, "12\N{NO-BREAK SPACE}345 ответов"),
        ("ar", 0, "لا توجد ردود"),
        ("ar", 1, "رد واحد"),
        ("ar", 2, "ردان"),
        ("ar", 3, "3 ردود"),
        ("ar", 11, "11 ردًا"),
        ("ar", 100, "100 رد"),
        ("ar", 102, "102 رد"),
        ("ar", 103, "103 ردود"),
        ("ja", 0, "返信はありません"),
        ("ja", 1, "1件の返信"),
        ("ja", 21, "21件の返信"),
    ],
)
def test_labels_by_number(locale: str, count: int, expected: str) -> None:
    assert label(locale=locale, count=count) == expected


@pytest.mark.parametrize(
    ("locale", "count", "expected"),
    [
        ("en", 0, "No replies on “T”"),
        ("en", 2, "2 replies on “T”"),
        ("ru", 0, "Нет ответов на «T»"),
        ("ru", 1, "Один ответ на «T»"),
        ("ru", 21, "21 ответ на «T»"),
        ("ar", 1, "رد واحد على «T»"),
        ("ar", 2, "ردان على «T»"),
        ("ja", 0, "「T」への返信はありません"),
        ("ja", 2, "「T」への2件の返信"),
    ],
)
def test_the_title_stands_in_the_languages_own_quotation_marks(locale: str, count: int, expected: str) -> None:
    assert labels(locale=locale, count=count, title="T", closed=False).heading == expected


@pytest.mark.parametrize("locale", LOCALES)
def test_plural_forms_are_those_of_cldr(locale: str) -> None:
    for category, numbers in whole_number_samples(locale).items():
        for number in numbers:
            assert plural_key(locale, number) == (f"={number}" if number < 2 else category)


def whole_number_samples(locale: str) -> dict[str, list[int]]:
    """CLDR's sample whole numbers of each plural category."""
    cardinal = json.loads(real_data("labels/cldr-plurals.json").read_text())["supplemental"]["plurals-type-cardinal"]
    rules = cardinal.get(locale) or cardinal[locale.partition("-")[0]]
    return {name.removeprefix("pluralRule-count-"): _integers(rule) for name, rule in rules.items()}


def _integers(rule: str) -> list[int]:
    """The numbers after “@integer” in a rule: “0, 2~4, 100, …”; those in compact notation (“1c6”) are left out."""
    listed = rule.partition("@integer")[2].partition("@decimal")[0]
    ranges = re.findall(r"(?<![\w~])(\d+)(?:~(\d+))?(?!\w)", listed)
    return [number for first, last in ranges for number in range(int(first), int(last or first) + 1)]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_has_each_plural_form_and_no_other(locale: str) -> None:
    catalogue = tomllib.loads((FOLDER / f"{locale}.toml").read_text("utf-8"))
    forms = {"=0", "=1"} | set(numbers_by_category(locale))
    assert set(catalogue) >= {"label", "heading", "notice"}
    assert set(catalogue["label"]) == set(catalogue["heading"]) == forms
    assert set(catalogue["notice"]) == {"closed", "off"}


@pytest.mark.parametrize("table", ["label", "heading"])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_message_for_several_numbers_tells_which(locale: str, table: str) -> None:
    messages = tomllib.loads((FOLDER / f"{locale}.toml").read_text("utf-8"))[table]
    several = {category for category, numbers in numbers_by_category(locale).items() if len(numbers) > 1}
    for key, message in messages.items():
        placeholders = re.findall(r"\{.*?\}", message)
        assert placeholders.count("{title}") == (table == "heading")
        assert placeholders.count("{n}") <= 1
        assert set(placeholders) <= {"{n}", "{title}"}
        assert "{n}" in placeholders or key not in several


def numbers_by_category(locale: str) -> dict[str, list[int]]:
    """The plural categories that whole numbers have in ``locale``, as Babel says, each with some of its numbers."""
    found: dict[str, list[int]] = {}
    for number in WHOLE_NUMBERS:
        found.setdefault(Locale.parse(locale, sep="-").plural_form(number), []).append(number)
    return found


@given(st.sampled_from(LOCALES), st.integers(min_value=3, max_value=10**12))
def test_numbers_are_written_as_the_locale_writes_them(locale: str, count: int) -> None:
    number = format_decimal(count, locale=Locale.parse(locale, sep="-"), numbering_system="default")
    assert re.search(rf"(?<!\w){re.escape(number)}(?!\d)", label(locale=locale, count=count))


@pytest.mark.parametrize(
    "title", ["{n}", "{title}", "%s %(n)d", "50 % of {0}", "{", "<b>&amp;", "“Quoted”", "«»", "\\1", "$title", " "]
)
@pytest.mark.parametrize("count", [0, 1, 7])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_title_is_never_interpreted(locale: str, count: int, title: str) -> None:
    before, after = labels(locale=locale, count=count, title="\0", closed=False).heading.split("\0")
    assert labels(locale=locale, count=count, title=title, closed=False).heading == before + title + after


def test_the_notice_says_closed_before_off_and_nothing_while_open() -> None:
    def notice(*, closed: bool, comments_on: bool) -> str | None:
        return labels(locale="en", count=0, title="T", closed=closed, comments_on=comments_on).notice

    assert notice(closed=True, comments_on=False) == "Comments are closed."
    assert notice(closed=False, comments_on=False) == "Comments are off."
    assert notice(closed=False, comments_on=True) is None


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
def test_the_reader_gets_the_language_they_like_best(header: str | None, expected: str) -> None:
    assert negotiate(header, site_locale="ar-EG") == expected


@pytest.mark.parametrize("part", ["ru;q=2", "ru;q=x", "ru;q=0.٥", "ru;q=-1", "ru;q=0.1234", "ru;", ";;", "ru-", "ru\v"])
def test_what_is_malformed_in_a_header_is_passed_over(part: str) -> None:
    assert negotiate(f"{part}, ja;q=0.3", site_locale="ar") == "ja"


def test_of_a_long_header_the_beginning_counts_and_nothing_cut_in_half() -> None:
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


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_each_word_of_the_pages_and_of_the_notices(locale: str) -> None:
    catalogue, english = (tomllib.loads((FOLDER / f"{name}.toml").read_text()) for name in (locale, "en"))
    for table in ("notice", "page"):
        assert set(catalogue[table]) == set(english[table])
