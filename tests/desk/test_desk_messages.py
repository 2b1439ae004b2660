"""The desk's sentences: the same placeholders in each language, and the queue in all of them."""

import re
import tomllib

from service.desk.frame.desk_messages import FOLDER, desk_messages
from service.platform.languages.messages import LOCALES
from tests.builders import ASite
from tests.desk.a_desk_client import sign_in, text_of

PLACEHOLDER = re.compile(r"{\w*}")
# What moderators read all day.
TRANSLATED = ("queue", "action", "done", "state", "record", "measure", "key", "reports")
# The languages that have every sentence of the desk; the others may lack pages.
COMPLETE = ("ar", "fa", "fr", "he", "hi", "ja", "ko", "tr", "zh")


def own_sentences(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def test_each_language_has_known_sentences_with_the_same_placeholders() -> None:
    english = desk_messages("en")
    for name in LOCALES:
        for table, sentences in own_sentences(name).items():
            for key, sentence in sentences.items():
                placeholders = set(PLACEHOLDER.findall(sentence))
                assert placeholders == set(PLACEHOLDER.findall(english[table][key])), (name, table, key)


def test_what_moderators_read_all_day_is_in_each_language() -> None:
    untranslated = {"queue.context", "queue.by_key", "queue.more"}
    for name in LOCALES:
        own = own_sentences(name)
        for table in TRANSLATED:
            missing = {f"{table}.{key}" for key in desk_messages("en")[table].keys() - own.get(table, {}).keys()}
            assert missing <= untranslated, (name, missing)


def test_complete_languages_have_every_sentence() -> None:
    for name in COMPLETE:
        own = own_sentences(name)
        for table, english in desk_messages("en").items():
            missing = {*english} - {*own.get(table, {})}
            assert not missing, (name, table, missing)


def test_a_missing_sentence_is_english() -> None:
    assert desk_messages("de")["queue"]["pending"] != desk_messages("en")["queue"]["pending"]
    assert desk_messages("de")["transparency"] == desk_messages("en")["transparency"]


async def test_the_desk_speaks_the_moderators_language(site: ASite) -> None:
    desk = await sign_in(site)
    for language in ("ar", "ja-JP", "fr"):
        page = await desk.get("queue", headers={"Accept-Language": language})
        sentence = desk_messages(language)["queue"]["empty"]
        assert sentence in text_of(page)
        assert sentence != desk_messages("en")["queue"]["empty"]
        assert f'lang="{language[:2]}"' in page.text
