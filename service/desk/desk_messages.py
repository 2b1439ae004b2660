"""The desk's sentences in each language: a TOML file per language in ``catalogues/``, with one flat table per page."""

import tomllib
from functools import lru_cache
from pathlib import Path

from service.platform.languages.messages import catalogue_for

FOLDER = Path(__file__).parent / "catalogues"


@lru_cache
def desk_messages(locale: str) -> dict[str, dict[str, str]]:
    """Load the sentences in the language of ``locale``, by table and key."""
    return tomllib.loads((FOLDER / f"{catalogue_for(locale)}.toml").read_text(encoding="utf-8"))
