"""The desk's sentences: each in every language, with the same placeholders."""

import re
import tomllib

from service.desk.frame.desk_messages import FOLDER, desk_messages
from service.platform.languages.messages import LOCALES
from tests.builders import ASite
from tests.desk.a_desk_client import sign_in, text_of

PLACEHOLDER = re.compile(r"{\w*}")


def own_sentences(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def test_each_language_has_known_sentences_with_the_same_placeholders() -> None:
    english = desk_messages("en")
    for name in LOCALES:
        for table, sentences in own_sentences(name).items():
            for key, sentence in sentences.items():
                placeholders = set(PLACEHOLDER.findall(sentence))
                assert placeholders == set(PLACEHOLDER.findall(english[table][key])), (name, table, key)


def test_each_language_has_every_sentence() -> None:
    for name in LOCALES:
        own = own_sentences(name)
        for table, english in desk_messages("en").items():
            assert {*own.get(table, {})} == {*english}, (name, table)


async def test_the_desk_speaks_the_moderators_language(site: ASite) -> None:
    desk = await sign_in(site)
    for language in ("ar", "ja-JP", "fr"):
        page = await desk.get("queue", headers={"Accept-Language": language})
        sentence = desk_messages(language)["queue"]["empty"]
        assert sentence in text_of(page)
        assert sentence != desk_messages("en")["queue"]["empty"]
        assert f'lang="{language[:2]}"' in page.text
