"""Dates by region: which regions there are, how they are negotiated and written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.platform.languages.dates import DATE_LOCALES, format_datetime, negotiate_dates
from service.platform.languages.messages import LOCALES, catalogue_for, negotiate

AT = datetime(2026, 11, 9, 15, 4, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "site_locale", "expected"),
    [
        ("en-US", "en-GB", "en"),  # the reader's region, also if it is the language's own
        ("en-GB", "en", "en-GB"),
        ("en_gb", "en", "en"),  # not a tag
        ("en-IE,en;q=0.9", "en", "en-GB"),
        ("en", "en-GB", "en-GB"),  # the site's region
        ("en-XX", "en-GB", "en"),
        ("sv-SE, sv", "en-GB", "en-GB"),  # there is no Swedish catalogue
        ("sv-SE, en-CA", "en-GB", "en-CA"),
        ("sv-SE", "sv-SE", "en-GB"),
        ("fr-CA", "en", "fr-CA"),
        ("fr", "fr-CA", "fr-CA"),
        ("de", "fr-CA", "de"),
        ("zh-Hant-TW", "en", "zh-TW"),
        ("pt-BR", "pt-PT", "pt"),
        ("es-419", "en", "es-MX"),
        ("*", "pt-PT", "pt-PT"),
        (None, "en-AU", "en-AU"),
        (None, "en_AU", "en-AU"),
    ],
)
def test_dates_take_the_readers_region_or_the_sites(header: str | None, site_locale: str, expected: str) -> None:
    assert negotiate_dates(header, site_locale=site_locale) == expected


@given(st.text(max_size=100) | st.from_regex(r"[a-z]{2}-[A-Z]{2}(, [a-z]{2}(-[A-Za-z]{2,4})?){0,3}", fullmatch=True))
def test_pages_are_cached_for_a_closed_list_of_regions(header: str) -> None:
    locale = negotiate_dates(header, site_locale="en-GB")
    assert locale in {*LOCALES, *DATE_LOCALES.values()}
    assert catalogue_for(locale) == negotiate(header, site_locale="en-GB")


def test_a_region_differs_from_its_language_and_writes_as_the_ones_it_stands_for() -> None:
    for tag, locale in DATE_LOCALES.items():
        language, region = tag.split("-")
        written = format_datetime(AT, locale=locale)
        assert written != format_datetime(AT, locale=language), tag
        assert format_datetime(AT, locale=f"{language}-{region.upper()}") == written, tag
        assert catalogue_for(locale) == language


def test_regions_differ_in_order_and_clock() -> None:
    written = {locale: format_datetime(AT, locale=locale) for locale in ("en", "en-GB", "fr-CA", "zh-TW", "de")}
    assert {locale: text.replace("\u202f", " ") for locale, text in written.items()} == {
        "en": "November 9, 2026, 3:04 PM UTC",
        "en-GB": "9 November 2026, 15:04 UTC",
        "fr-CA": "9 novembre 2026, 15 h 04 UTC",
        "zh-TW": "2026年11月9日 下午3:04 UTC",
        "de": "9. November 2026, 15:04 UTC",
    }


def test_a_full_date_has_the_day_of_the_week() -> None:
    assert format_datetime(AT, locale="en-GB", style="full").startswith("Monday, 9 November 2026")
    assert format_datetime(AT, locale="fa", style="full").startswith("دوشنبه")
