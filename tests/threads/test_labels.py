"""The two lines of a thread, in each language: exactly none and one apart from the locale's plural forms."""

import json
import tomllib

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from service.threads.labels import FOLDER, LOCALES, catalogue_for, label, labels, negotiate, plural_key
from tests.builders import REFERENCE_TITLE
from tests.real_data import real_data


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
        ("ar", 103, "103 ردود"),
        ("ja", 0, "返信はありません"),
        ("ja", 1, "1件の返信"),
        ("ja", 21, "21件の返信"),
    ],
)
def test_labels_by_number(locale: str, count: int, expected: str) -> None:
    assert label(locale=locale, count=count) == expected


@pytest.mark.parametrize("locale", LOCALES)
def test_plural_forms_are_those_of_cldr(locale: str) -> None:
    samples: dict[str, list[int]] = whole_number_samples(locale)
    for category, numbers in samples.items():
        for number in numbers:
            assert plural_key(locale, number) == (f"={number}" if number < 2 else category)


def whole_number_samples(locale: str) -> dict[str, list[int]]:
    """CLDR's sample whole numbers of each plural category."""
    rules = json.loads(real_data("labels/cldr-plurals.json").read_text())["supplemental"]["plurals-type-cardinal"][
        locale
    ]
    return {name.removeprefix("pluralRule-count-"): _integers(rule) for name, rule in rules.items()}


def _integers(rule: str) -> list[int]:
    """The numbers after “@integer” in a rule: “0, 2~4, 100, …”; both ends of a range stand for it."""
    listed = rule.partition("@integer")[2].partition("@decimal")[0]
    return [int(number) for part in listed.split(",") for number in part.split("~") if number.strip().isdigit()]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_has_each_plural_form_and_no_other(locale: str) -> None:
    catalogue = tomllib.loads((FOLDER / f"{locale}.toml").read_text())
    forms = {"=0", "=1", "other"} | set(Locale.parse(locale, sep="-").plural_form.tags)
    assert set(catalogue) >= {"label", "heading", "notice"}
    assert set(catalogue["label"]) == set(catalogue["heading"]) == forms
    for message in catalogue["heading"].values():
        assert message.count("{title}") == 1
    for messages in (catalogue["label"], catalogue["heading"]):
        for form in forms - {"=0", "=1", "one", "two"}:
            assert "{n}" in messages[form]


@pytest.mark.parametrize("title", ["{n}", "{title}", "%s %(n)d", "50 % of {0}", "<b>&amp;", "“Quoted”", "\\1"])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_title_is_never_interpreted(locale: str, title: str) -> None:
    assert title in labels(locale=locale, count=7, title=title, closed=False).heading


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
        ("fr, ja;q=0.5", "ja"),
        ("ja;q=0.5, ru;q=0.9", "ru"),
        ("ru;q=0, ja;q=0.1", "ja"),
        ("fr", "ar"),
        ("*", "ar"),
        ("*, ru;q=0.5", "ar"),
        ("ru;q=2, ja;q=x, ;;, en-GB;q=0.3", "en"),
    ],
)
def test_the_reader_gets_the_language_they_like_best(header: str | None, expected: str) -> None:
    assert negotiate(header, site_locale="ar-EG") == expected


@given(st.text(max_size=600))
def test_no_header_is_ever_refused(header: str) -> None:
    assert negotiate(header, site_locale="de") in LOCALES
