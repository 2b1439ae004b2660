"""Languages: message catalogues, language negotiation, and how each language writes numbers. Pure.

A language is a TOML file in ``catalogues/``, named by its BCP 47 tag; the tests check that each is complete.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_timedelta
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent / "catalogues"
LOCALES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
FALLBACK = "en"
MAX_HEADER_LENGTH = 500
# The default CLDR numbering systems that are not Latin, with their digit 0.
ZEROS = {"arab": "٠", "arabext": "۰", "beng": "০", "deva": "०", "mymr": "၀", "tibt": "༠"}

_RANGE = re.compile(
    r"[ \t]*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,7})"
    r"[ \t]*(?:;[ \t]*[Qq]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)


@lru_cache
def catalogue(name: str) -> dict[str, dict[str, str]]:
    """Load the messages of the catalogue ``name``, by table and key."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def sentence(table: str, key: str, *, locale: str, **numbers: int) -> str:
    """Format a message in ``locale``, with ``numbers`` in the locale's own digits and separators."""
    name = catalogue_for(locale)
    message = catalogue(name)[table][key]
    return message.format(**{placeholder: format_number(name, number) for placeholder, number in numbers.items()})


def choose_language(texts: Mapping[str, str], locale: str) -> str | None:
    """Choose from ``texts`` by BCP 47 tag: for ``locale``, else in its language, in English, or the first."""
    by_tag = {tag.lower(): text for tag, text in texts.items()}
    by_language = {tag.partition("-")[0]: text for tag, text in by_tag.items()}
    wanted = locale.lower()
    known = (by_tag.get(wanted), by_language.get(wanted.partition("-")[0]), by_language.get(FALLBACK), *texts.values())
    return next((text for text in known if text is not None), None)


def format_number(name: str, count: int) -> str:
    """Format ``count`` in the language of the catalogue ``name``.

    Each reply to a busy thread formats a new number. Most languages write Latin digits in groups of three and take a
    fast path.
    """
    separator = _thousands_separator(name)
    return _formatted(name, count) if separator is None else f"{count:,}".replace(",", separator)


@lru_cache
def _thousands_separator(name: str) -> str | None:
    samples = {count: _formatted(name, count) for count in (1, 1234, 12_345, 1_234_567)}
    separator = samples[1234].removeprefix("1").removesuffix("234")
    plain = all(f"{count:,}".replace(",", separator) == sample for count, sample in samples.items())
    return separator if plain else None


def _formatted(name: str, count: int) -> str:
    number = format_decimal(count, locale=locale_of_catalogue(name), numbering_system="default")
    return localize_digits(name, str(number))


def localize_digits(name: str, text: str) -> str:
    """Replace the digits in ``text`` with the language's own; Babel localises only the separators."""
    zero = ZEROS.get(locale_of_catalogue(name).default_numbering_system)
    return text.translate({ord("0") + digit: ord(zero) + digit for digit in range(10)}) if zero else text


def format_duration(name: str, seconds: int) -> str:
    """Format the time until something may be done, in the language of the catalogue ``name``: “in 2 minutes”."""
    phrase = format_timedelta(timedelta(seconds=seconds), add_direction=True, locale=locale_of_catalogue(name))
    return localize_digits(name, phrase)


@lru_cache
def locale_of_catalogue(name: str) -> Locale:
    """The CLDR locale of the catalogue ``name``, or of one of its regions."""
    return Locale.parse(name, sep="-")


@lru_cache(maxsize=1024)
def catalogue_for(locale: str) -> str:
    """The catalogue for a BCP 47 tag: an exact match, its language, or English (lookup, RFC 4647, section 3.4)."""
    return _own_catalogue(locale) or FALLBACK


def _own_catalogue(tag: str) -> str | None:
    known = {name.lower(): name for name in LOCALES}
    parts = tag.lower().replace("_", "-").split("-")
    ranges = ("-".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((known[range_] for range_ in ranges if range_ in known), None)


def negotiate(accept_language: str | None, *, site_locale: str) -> str:
    """Choose the catalogue for the reader, as :func:`best_tag` does."""
    return catalogue_for(best_tag(accept_language, site_locale=site_locale))


def best_tag(accept_language: str | None, *, site_locale: str) -> str:
    """Choose the reader's preferred tag that has a catalogue (RFC 9110, section 12.5.4), else the site's locale.

    ``*`` means the site's locale. Invalid parts, and all text after :data:`MAX_HEADER_LENGTH` characters, are ignored.
    No header is an error.
    """
    header = accept_language or ""
    if len(header) > MAX_HEADER_LENGTH:
        header = header[:MAX_HEADER_LENGTH].rpartition(",")[0]  # a truncated tag may be another language's
    return _best_match(header) or site_locale


@lru_cache(maxsize=4096)  # the headers are already truncated: whole ones would let clients fill the memory
def _best_match(header: str) -> str | None:
    accepted: list[tuple[float, str]] = []
    for part in header.split(","):
        match = _RANGE.fullmatch(part)
        if match and (quality := float(match[2] or 1)) > 0:
            accepted.append((quality, match[1]))
    for _, tag in sorted(accepted, key=lambda each: -each[0]):
        if tag == "*":
            return None
        if _own_catalogue(tag):
            return tag
    return None
