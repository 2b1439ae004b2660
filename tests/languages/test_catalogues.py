"""Every language says everything that English says, with just the plural forms that CLDR gives it."""

import json
import re
import tomllib
from functools import cache

import pytest
from babel.plural import PluralRule

from service.languages.speaking import FOLDER, LOCALES
from service.routes import routes
from service.threads.labels import label, labels, plural_key
from service.web.problems import Problem, Said
from tests.real_data import real_data

ASKED = {"en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "tr", "ar", "he", "fa", "hi", "zh", "ja", "ko"}
# CLDR's rules change their mind below 200 and at the ends of large numbers: French has one that begins at a million.
NUMBERS = [*range(201), *(10**power + more for power in range(3, 13) for more in (0, 1, 2, 5, 11, 21))]
COUNTED = ("label", "heading")
Catalogue = dict[str, dict[str, str]]


def test_the_eighteen_languages_are_there() -> None:
    assert set(LOCALES) >= ASKED


def catalogue(locale: str) -> Catalogue:
    return tomllib.loads((FOLDER / f"{locale}.toml").read_text("utf-8"))


@cache
def cldr_rule(locale: str) -> PluralRule:
    """CLDR's cardinal rule for ``locale``, from CLDR's own data."""
    cardinal = json.loads(real_data("labels/cldr-plurals.json").read_text())["supplemental"]["plurals-type-cardinal"]
    rules: dict[str, str] = cardinal.get(locale) or cardinal[locale.partition("-")[0]]
    named = {name.removeprefix("pluralRule-count-"): rule.partition("@")[0].strip() for name, rule in rules.items()}
    return PluralRule({name: rule for name, rule in named.items() if name != "other"})


def numbers_by_category(locale: str) -> dict[str, list[int]]:
    """The plural categories of ``locale``, each with its numbers among :data:`NUMBERS`."""
    found: dict[str, list[int]] = {}
    for number in NUMBERS:
        found.setdefault(cldr_rule(locale)(number), []).append(number)
    return found


@pytest.mark.parametrize("locale", LOCALES)
def test_each_number_takes_the_form_that_cldr_says(locale: str) -> None:
    for number in NUMBERS:
        assert plural_key(locale, number) == (f"={number}" if number < 2 else cldr_rule(locale)(number)), number


@pytest.mark.parametrize("table", COUNTED)
@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_has_each_plural_form_and_no_other(locale: str, table: str) -> None:
    assert set(catalogue(locale)[table]) == {"=0", "=1"} | set(numbers_by_category(locale))


@pytest.mark.parametrize("table", COUNTED)
@pytest.mark.parametrize("locale", LOCALES)
def test_a_message_for_several_numbers_tells_which(locale: str, table: str) -> None:
    several = {category for category, numbers in numbers_by_category(locale).items() if len(numbers) > 1}
    for key, message in catalogue(locale)[table].items():
        placeholders = re.findall(r"\{.*?\}", message)
        assert placeholders.count("{title}") == (table == "heading"), key
        assert placeholders.count("{n}") <= 1, key
        assert set(placeholders) <= {"{n}", "{title}"}, key
        assert "{n}" in placeholders or key not in several, key


@pytest.mark.parametrize("locale", LOCALES)
def test_none_one_and_some_read_differently(locale: str) -> None:
    lines = {count: label(locale=locale, count=count) for count in (0, 1, 2, 5, 21)}
    assert len(set(lines.values())) == len(lines)
    for count, line in lines.items():
        assert line.strip() == line != ""
        assert labels(locale=locale, count=count, title="T", closed=True).heading != line


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_says_all_that_english_says_and_no_more(locale: str) -> None:
    said, english = catalogue(locale), catalogue("en")
    assert list(said) == list(english)
    for table in english.keys() - set(COUNTED):
        assert set(said[table]) == set(english[table]), table


@pytest.mark.parametrize("locale", sorted(set(LOCALES) - {"en"}))
def test_a_sentence_has_the_placeholders_of_the_english_one_and_is_translated(locale: str) -> None:
    said, english = catalogue(locale), catalogue("en")
    for table in ("notice", "problem", "detail"):
        for key, message in english[table].items():
            assert sorted(re.findall(r"\{.*?\}", said[table][key])) == sorted(re.findall(r"\{.*?\}", message)), key
            assert said[table][key] != message, key


def kinds(kind: type[Problem] = Problem) -> set[type[Problem]]:
    return {kind, *(below for child in kind.__subclasses__() for below in kinds(child))}


def test_every_problem_has_its_sentence_and_no_sentence_is_without_a_problem() -> None:
    assert routes()  # every room is loaded, so every problem is known
    slugs = {kind.slug for kind in kinds() if hasattr(kind, "slug")}
    assert slugs == set(catalogue("en")["problem"])


def test_a_detail_tells_its_numbers_as_the_language_writes_them() -> None:
    assert Said("longest", {"longest": 10_000}).in_("de") == catalogue("de")["detail"]["longest"].replace(
        "{longest}", "10.000"
    )
    assert "۱۰٬۰۰۰" in Said("longest", {"longest": 10_000}).in_("fa")
