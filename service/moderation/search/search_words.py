"""Split comments and search queries into words. Pure.

Both are folded (``screening/fold_text.py``) and split by the same rule here. The databases get only words. So their
parsers, which differ, have nothing to decide, and no input is query syntax. In a script without spaces each character
is a word; several in a row are searched as a phrase.
"""

import re
import unicodedata

from service.conversation.screening.word_rules import UNSPACED, spaced

MAX_WORDS = 10  # in a query
MAX_WORD = 100  # characters; PostgreSQL takes 2,046 bytes
MAX_DOCUMENT = 50_000  # characters; only imported comments can exceed a fifth of it


def _vowels() -> str:
    """Return the vowel and tone marks that folding keeps; without them words of Hindi or Tamil would fall apart."""
    scripts = (range(0x0900, 0x1AB0), range(0x3099, 0x309B), range(0xA800, 0xAC00), range(0x10000, 0x1D000))
    points = (chr(point) for script in scripts for point in script)
    return "".join(point for point in points if unicodedata.category(point).startswith("M"))


# Rule out ASCII first: it has no marks, and checking for all marks after each word would take ten times as long.
_WORD = re.compile(rf"[^\W_]+(?:(?![\0-\x7f])[{_vowels()}]+[^\W_]*)*")
_RUN = re.compile(rf"(?:{UNSPACED.pattern})+|(?:(?!{UNSPACED.pattern}).)+")


def document_of(dialect: str, *texts: str) -> str:
    """Return the words of ``texts`` in order, for PostgreSQL as the text of a ``tsvector``."""
    words = [word for text in texts for piece in _pieces(text[:MAX_DOCUMENT]) for word in piece]
    if dialect == "sqlite":
        return " ".join(words)
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words, start=1))


def query_of(dialect: str, query: str) -> str | None:
    """Build the search for all words of ``query``, the last as a prefix; None if it has no word.

    The result is an FTS5 query for SQLite, and the text of a ``tsquery`` for PostgreSQL.
    """
    pieces = [piece[:MAX_WORD] for piece in _pieces(query)[:MAX_WORDS]]
    if not pieces:
        return None
    has_prefix = not UNSPACED.match(pieces[-1][0])
    if dialect == "sqlite":
        return " AND ".join(f'"{" ".join(piece)}"' for piece in pieces) + ("*" if has_prefix else "")
    phrases = [" <-> ".join(f"'{word}'" for word in piece) for piece in pieces]
    return " & ".join(phrases) + (":*" if has_prefix else "")


def _pieces(text: str) -> list[list[str]]:
    """Return the words of ``text``, one per list; a run of a script without spaces stays in one list."""
    folded = spaced(text)[:MAX_DOCUMENT]
    words = _WORD.findall(folded)
    if UNSPACED.search(folded) is None:
        return [[word[:MAX_WORD]] for word in words]
    runs = [run for word in words for run in _RUN.findall(word)]
    return [list(run) if UNSPACED.match(run) else [run[:MAX_WORD]] for run in runs]
