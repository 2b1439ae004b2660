"""Every catalogue has the messages of the English one, with the plural forms of CLDR."""

import json
import re
import tomllib
from functools import cache
from itertools import product
from typing import get_args

import pytest
from babel.plural import PluralRule

from service.conversation.threads.labels import label, labels, plural_key
from service.moderation.reports.report_store import Reason
from service.platform.languages.messages import FOLDER, LOCALES
from service.platform.problems import Problem, Translated
from service.routes import routes
from tests.samples import samples

REQUIRED = {"en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "tr", "ar", "he", "fa", "hi", "zh", "ja", "ko"}
# CLDR's rules differ below 200 and at large round numbers: French has one from a million on.
NUMBERS = [*range(201), *(10**power + more for power in range(3, 13) for more in (0, 1, 2, 5, 11, 21))]
# The tables that count, each with the numbers that have a message of their own there; what is new is never none.
COUNTED = {"label": {"=0", "=1"}, "heading": {"=0", "=1"}, "new": {"=1"}}
Catalogue = dict[str, dict[str, str]]


def test_the_eighteen_languages_are_there() -> None:
    assert set(LOCALES) >= REQUIRED


def catalogue(locale: str) -> Catalogue:
    return tomllib.loads((FOLDER / f"{locale}.toml").read_text("utf-8"))


@cache
def cldr_rule(locale: str) -> PluralRule:
    """CLDR's cardinal rule for ``locale``, from CLDR's own data."""
    cardinal = json.loads(samples("labels/cldr-plurals.json")[-1].read_text())["supplemental"]["plurals-type-cardinal"]
    rules: dict[str, str] = cardinal.get(locale) or cardinal[locale.partition("-")[0]]
    named = {name.removeprefix("pluralRule-count-"): rule.partition("@")[0].strip() for name, rule in rules.items()}
    return PluralRule({name: rule for name, rule in named.items() if name != "other"})


def numbers_by_category(locale: str) -> dict[str, list[int]]:
    """The plural categories of ``locale``, each with its numbers among :data:`NUMBERS`."""
    found: dict[str, list[int]] = {}
    for number in NUMBERS:
        found.setdefault(cldr_rule(locale)(number), []).append(number)
    return found


def test_each_number_takes_the_form_that_cldr_says() -> None:
    for locale in LOCALES:
        for number in NUMBERS:
            assert plural_key(locale, number) == (f"={number}" if number < 2 else cldr_rule(locale)(number)), (
                locale,
                number,
            )


def test_a_catalogue_has_each_plural_form_and_no_other() -> None:
    for locale, table in product(LOCALES, COUNTED):
        assert set(catalogue(locale)[table]) == COUNTED[table] | set(numbers_by_category(locale)), locale


def test_a_message_for_several_numbers_contains_the_number() -> None:
    for locale, table in product(LOCALES, COUNTED):
        several = {category for category, numbers in numbers_by_category(locale).items() if len(numbers) > 1}
        for key, message in catalogue(locale)[table].items():
            placeholders = re.findall(r"\{.*?\}", message)
            assert placeholders.count("{title}") == (table == "heading"), (locale, key)
            assert placeholders.count("{n}") <= 1, (locale, key)
            assert set(placeholders) <= {"{n}", "{title}"}, (locale, key)
            assert "{n}" in placeholders or key not in several, (locale, key)


def test_labels_of_new_replies_differ_from_other_labels() -> None:
    for locale in LOCALES:
        labels_, news = catalogue(locale)["label"], catalogue(locale)["new"]
        assert {key for key in news if news[key] == labels_[key]} == set(), locale


def test_labels_for_zero_one_and_more_differ() -> None:
    for locale in LOCALES:
        lines = {count: label(locale=locale, count=count) for count in (0, 1, 2, 5, 21)}
        assert len(set(lines.values())) == len(lines), locale
        for count, line in lines.items():
            assert line.strip() == line != "", locale
            assert labels(locale=locale, count=count, title="T", closed=True).heading != line, locale


def test_every_catalogue_has_the_keys_of_the_english_one() -> None:
    for locale in LOCALES:
        own, english = catalogue(locale), catalogue("en")
        assert list(own) == list(english), locale
        for table in english.keys() - COUNTED.keys():
            assert set(own[table]) == set(english[table]), (locale, table)


@pytest.mark.parametrize("locale", sorted(set(LOCALES) - {"en"}))
def test_a_message_has_the_placeholders_of_the_english_one_and_is_translated(locale: str) -> None:
    own, english = catalogue(locale), catalogue("en")
    for table in english.keys() - COUNTED.keys():
        for key, message in english[table].items():
            assert sorted(re.findall(r"\{.*?\}", own[table][key])) == sorted(re.findall(r"\{.*?\}", message)), key
            may_be_equal = " " not in message or key.endswith("_pattern")  # as a word, or the pattern of a date
            assert own[table][key] != message or may_be_equal, key


def test_the_hint_shows_the_markdown_as_typed() -> None:
    for locale in LOCALES:
        assert re.search(r"\*\w[^*]*\w\*[^*>]*> \w", catalogue(locale)["form"]["hint"]), locale


def test_the_accessible_name_of_a_link_below_a_comment_contains_its_label() -> None:
    """WCAG 2.5.3: the accessible name contains the visible label, so that voice control finds the link."""
    names = {"reply": "reply_to", "report": "report_reply", "edit": "edit_reply", "delete": "delete_reply"}
    for locale, (label_, name) in product(LOCALES, names.items()):
        page = catalogue(locale)["page"]
        assert page[label_].casefold() in page[name].casefold(), (locale, name)


def kinds(kind: type[Problem] = Problem) -> set[type[Problem]]:
    return {kind, *(below for child in kind.__subclasses__() for below in kinds(child))}


def test_every_problem_has_a_title_and_every_title_a_problem() -> None:
    assert routes()  # every room is loaded, so every problem is known
    slugs = {kind.slug for kind in kinds() if hasattr(kind, "slug")}
    assert slugs == set(catalogue("en")["problem"])


def test_every_reason_to_report_has_a_message() -> None:
    for locale in LOCALES:
        reasons = catalogue(locale)["reason"]
        assert list(reasons) == list(get_args(Reason)), locale
        assert len(set(reasons.values())) == len(reasons), locale


def test_a_detail_formats_numbers_in_the_language() -> None:
    assert Translated("max-length", {"max_length": 10_000}).in_("de") == catalogue("de")["detail"][
        "max-length"
    ].replace("{max_length}", "10.000")
    assert "۱۰٬۰۰۰" in Translated("max-length", {"max_length": 10_000}).in_("fa")
