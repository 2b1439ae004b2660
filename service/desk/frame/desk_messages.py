"""The desk's sentences in each language: a TOML file per language in ``catalogues/``, with one flat table per page."""

import tomllib
from functools import lru_cache
from pathlib import Path

from service.platform.languages.messages import catalogue_for

FOLDER = Path(__file__).parents[1] / "catalogues"


class Sentences(dict[str, str]):
    """The sentences of a table: in templates ``t.queue.clear`` is the sentence, never the dictionary's method."""

    def __getattribute__(self, name: str) -> object:
        return self[name] if name in self else super().__getattribute__(name)


def desk_messages(locale: str) -> dict[str, Sentences]:
    """Return the sentences in the language of ``locale``, by table and key."""
    return _load(catalogue_for(locale))


@lru_cache
def _load(name: str) -> dict[str, Sentences]:
    tables = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return {table: Sentences(sentences) for table, sentences in tables.items()}
