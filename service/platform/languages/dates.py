"""Dates and times as the reader's region writes them: “9 November 2026, 15:04” or “November 9, 2026, 3:04 PM”. Pure."""

from datetime import datetime
from functools import lru_cache
from typing import Literal

from babel.dates import format_date, format_time, get_datetime_format

from service.platform.languages.messages import best_tag, catalogue_for, locale_of_catalogue, localize_digits

# The regions that write dates in another way than their language does by default, each with those that write as it does
# (CLDR). *Why a closed list*: a page is cached once for each of them.
_REGIONS = {
    "ar-IQ": "IQ JO LB PS SY",
    "ar-MA": "MA",
    "en-AU": "001 AU BB BS FJ GH GY HK IN JM MO MW MY NA NZ PG PK SG TT ZM",
    "en-CA": "CA",
    "en-GB": "150 AT BE CH CM CZ DE ES FR GB GG GI HU IE IL IM IT JE KE MU NG NL NO PL PT RO RW SE SI SK TZ UG",
    "en-ZA": "BW BZ MT ZA ZW",
    "es-AR": "AR BO CL CO CR DO EC GT NI PA PE PH PR PY SV UY VE",
    "es-MX": "419 CU MX US",
    "fr-CA": "CA",
    "pt-PT": "AO CH CV LU MZ PT ST TL",
    "zh-TW": "HK MO TW",
}
DATE_LOCALES = {
    f"{locale.partition('-')[0]}-{region.lower()}": locale
    for locale, regions in _REGIONS.items()
    for region in regions.split()
}
Style = Literal["long", "full"]


def negotiate_dates(accept_language: str | None, *, site_locale: str) -> str:
    """Choose the locale of dates: the negotiated language, with the reader's region if it matters there.

    A reader who names no region, or whose language has no catalogue, gets the site's region. The result is a
    catalogue's name or a value of :data:`DATE_LOCALES`.
    """
    tag = best_tag(accept_language, site_locale=site_locale)
    language = catalogue_for(tag)
    if _region(tag) is None and catalogue_for(site_locale) == language:
        tag = site_locale
    return DATE_LOCALES.get(f"{language}-{_region(tag)}", language)


def _region(tag: str) -> str | None:
    """Return the region of a BCP 47 tag in lower case: two letters or three digits, also after a script."""
    parts = tag.lower().replace("_", "-").split("-")[1:3]
    return next((part for part in parts if len(part) == 2 or (len(part) == 3 and part.isdigit())), None)


def format_datetime(instant: datetime, *, locale: str, style: Style = "long") -> str:
    """Format ``instant`` to the minute in UTC, because the reader's zone is unknown; ``full`` has the day of the week.

    ``locale`` is a result of :func:`negotiate_dates`.
    """
    return _format_datetime(instant.replace(second=0, microsecond=0), locale, style)


@lru_cache(maxsize=8192)
def _format_datetime(instant: datetime, tag: str, style: Style) -> str:
    locale = locale_of_catalogue(tag)
    date, time = format_date(instant, style, locale=locale), format_time(instant, "short", locale=locale)
    pattern = str(get_datetime_format(style, locale=locale))
    return localize_digits(tag, f"{pattern.format(time, date)} UTC")
