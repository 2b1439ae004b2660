"""The lines that name a thread: at a link to it, over its comments, under them. Pure.

A catalogue is one TOML file a language. Its keys are those of ICU MessageFormat: ``=0`` and ``=1`` for exactly that
many, and the locale's CLDR plural categories for the rest. Why both: CLDR's *one* is not the number one; in Russian
it also covers 21, which is no «один ответ».
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from babel import Locale
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent / "catalogues"
LOCALES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
FALLBACK = "en"
LONGEST_HEADER = 500

_RANGE = re.compile(
    r"[ \t]*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,7})"
    r"[ \t]*(?:;[ \t]*[Qq]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)


class Labels(NamedTuple):
    """The lines of a thread: at a link, over the comments, under them (or nothing)."""

    label: str
    heading: str
    notice: str | None


def labels(*, locale: str, count: int, title: str, closed: bool, comments_on: bool = True) -> Labels:
    """The lines in ``locale`` of a thread with ``count`` replies; plain text, ``title`` taken as it is."""
    catalogue = catalogue_for(locale)
    label_, before, after = _counted(catalogue, count)
    notices = _catalogue(catalogue)["notice"]
    notice = notices["closed"] if closed else None if comments_on else notices["off"]
    return Labels(label_, f"{before}{title}{after}", notice)


def label(*, locale: str, count: int) -> str:
    """What stands at a link to a thread with ``count`` replies."""
    return _counted(catalogue_for(locale), count)[0]


def page_words(*, locale: str) -> dict[str, str]:
    """What a page says beside the lines of its thread, by name."""
    return _catalogue(catalogue_for(locale))["page"]


@lru_cache(maxsize=8192)
def _counted(catalogue: str, count: int) -> tuple[str, str, str]:
    """The label for ``count``, and what stands before and after the title in the heading."""
    lines = _catalogue(catalogue)
    key = plural_key(catalogue, count)
    number = _number(_locale(catalogue), count)
    before, _, after = lines["heading"][key].replace("{n}", number).partition("{title}")
    return lines["label"][key].replace("{n}", number), before, after


def plural_key(catalogue: str, count: int) -> str:
    """Which of a catalogue's messages ``count`` takes: ``=0``, ``=1``, or its CLDR plural category."""
    if count in {0, 1}:
        return f"={count}"
    return str(_locale(catalogue).plural_form(count))


def _number(locale: Locale, count: int) -> str:
    """``count`` as the locale writes it.

    Each reply to a busy thread makes a number that was never formatted before, so locales that write Latin digits in
    threes, most of them, do not go the long way.
    """
    separator = _separator_of_threes(locale)
    return _formatted(locale, count) if separator is None else f"{count:,}".replace(",", separator)


@lru_cache
def _separator_of_threes(locale: Locale) -> str | None:
    samples = {count: _formatted(locale, count) for count in (1, 1234, 12_345, 1_234_567)}
    separator = samples[1234].removeprefix("1").removesuffix("234")
    plain = all(f"{count:,}".replace(",", separator) == sample for count, sample in samples.items())
    return separator if plain else None


def _formatted(locale: Locale, count: int) -> str:
    return str(format_decimal(count, locale=locale, numbering_system="default"))


@lru_cache
def _locale(catalogue: str) -> Locale:
    return Locale.parse(catalogue, sep="-")


@lru_cache
def _catalogue(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


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
