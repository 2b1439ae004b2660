"""The languages there are, which one a reader gets, and how each writes its numbers and sentences. Pure.

A language is one TOML file in ``catalogues/``, named by its BCP 47 tag; that it is complete is for the tests.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent / "catalogues"
LOCALES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
FALLBACK = "en"
LONGEST_HEADER = 500
# CLDR's numbering systems that a language has by default and that are not Latin, by their digit 0.
ZEROS = {"arab": "٠", "arabext": "۰", "beng": "০", "deva": "०", "mymr": "၀", "tibt": "༠"}

_RANGE = re.compile(
    r"[ \t]*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,7})"
    r"[ \t]*(?:;[ \t]*[Qq]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)


@lru_cache
def catalogue(name: str) -> dict[str, dict[str, str]]:
    """The messages of the catalogue ``name``, by table and key."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def sentence(table: str, key: str, *, locale: str, **numbers: int) -> str:
    """One message in ``locale``, with ``numbers`` written as the locale writes them."""
    name = catalogue_for(locale)
    message = catalogue(name)[table][key]
    return message.format(**{placeholder: written(name, number) for placeholder, number in numbers.items()})


def written(name: str, count: int) -> str:
    """``count`` as the language of the catalogue ``name`` writes it.

    Each reply to a busy thread makes a number that was never formatted before, so locales that write Latin digits in
    threes, most of them, do not go the long way.
    """
    separator = _separator_of_threes(name)
    return _formatted(name, count) if separator is None else f"{count:,}".replace(",", separator)


@lru_cache
def _separator_of_threes(name: str) -> str | None:
    samples = {count: _formatted(name, count) for count in (1, 1234, 12_345, 1_234_567)}
    separator = samples[1234].removeprefix("1").removesuffix("234")
    plain = all(f"{count:,}".replace(",", separator) == sample for count, sample in samples.items())
    return separator if plain else None


def _formatted(name: str, count: int) -> str:
    number = format_decimal(count, locale=locale_of_catalogue(name), numbering_system="default")
    return in_digits(name, str(number))


def in_digits(name: str, text: str) -> str:
    """``text`` with its digits written as the language writes them; Babel knows only their separators."""
    zero = ZEROS.get(locale_of_catalogue(name).default_numbering_system)
    return text.translate({ord("0") + digit: ord(zero) + digit for digit in range(10)}) if zero else text


@lru_cache
def locale_of_catalogue(name: str) -> Locale:
    """CLDR's locale for the catalogue ``name``."""
    return Locale.parse(name, sep="-")


@lru_cache(maxsize=1024)
def catalogue_for(locale: str) -> str:
    """The catalogue for a BCP 47 tag: its own, its language's, or English (RFC 4647, section 3.4: lookup)."""
    return _own_catalogue(locale) or FALLBACK


def _own_catalogue(tag: str) -> str | None:
    known = {name.lower(): name for name in LOCALES}
    parts = tag.lower().replace("_", "-").split("-")
    ranges = ("-".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((known[range_] for range_ in ranges if range_ in known), None)


def negotiate(accept_language: str | None, *, site_locale: str) -> str:
    """The reader's locale: the one they like best of those we speak (RFC 9110, section 12.5.4), else the site's.

    ``*`` stands for the site's. What can't be understood is passed over, as is what follows the first
    :data:`LONGEST_HEADER` characters; nothing is ever refused.
    """
    header = accept_language or ""
    if len(header) > LONGEST_HEADER:
        header = header[:LONGEST_HEADER].rpartition(",")[0]  # half a tag may be another language's
    return _best_liked(header, site_locale)


@lru_cache(maxsize=4096)  # of headers cut short before: whole ones would let strangers fill the memory
def _best_liked(header: str, site_locale: str) -> str:
    accepted: list[tuple[float, str]] = []
    for part in header.split(","):
        match = _RANGE.fullmatch(part)
        if match and (quality := float(match[2] or 1)) > 0:
            accepted.append((quality, match[1]))
    for _, tag in sorted(accepted, key=lambda each: -each[0]):
        if tag == "*":
            break
        if own := _own_catalogue(tag):
            return own
    return catalogue_for(site_locale)
