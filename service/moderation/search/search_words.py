"""The words of a comment as they are indexed, and those that a search asks for. Pure.

Both are folded alike (``screening/fold_text.py``) and cut into words by the same rule here, and what the databases get
is nothing but words: their own parsers, which differ, have nothing left to decide, and nothing that somebody types is
syntax to them. A character of a script without spaces is a word by itself; several in a row are found as a phrase.
"""

import re
import unicodedata

from service.conversation.screening.word_rules import UNSPACED, spaced

MOST_WORDS = 10  # that a search asks for
LONGEST_WORD = 100  # characters; PostgreSQL takes 2,046 bytes
LONGEST_DOCUMENT = 50_000  # characters; only what was imported can be longer than a fifth of it


def _vowels() -> str:
    """The marks that folding keeps: vowels and tones, without which a word of Hindi or Tamil would fall to pieces."""
    scripts = (range(0x0900, 0x1AB0), range(0x3099, 0x309B), range(0xA800, 0xAC00), range(0x10000, 0x1D000))
    points = (chr(point) for script in scripts for point in script)
    return "".join(point for point in points if unicodedata.category(point).startswith("M"))


# ASCII is told first: it has no marks, and to look through them all after each word would take ten times as long.
_WORD = re.compile(rf"[^\W_]+(?:(?![\0-\x7f])[{_vowels()}]+[^\W_]*)*")
_RUN = re.compile(rf"(?:{UNSPACED.pattern})+|(?:(?!{UNSPACED.pattern}).)+")


def document_of(dialect: str, *texts: str) -> str:
    """``texts`` as they are indexed: their words in order, for PostgreSQL as the text of a ``tsvector``."""
    words = [word for text in texts for piece in _pieces(text[:LONGEST_DOCUMENT]) for word in piece]
    if dialect == "sqlite":
        return " ".join(words)
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words, start=1))


def query_of(dialect: str, query: str) -> str | None:
    """What finds the documents with all words of ``query``, whose last may go on; None where it has no word.

    For SQLite an FTS5 query, for PostgreSQL the text of a ``tsquery``.
    """
    pieces = [piece[:LONGEST_WORD] for piece in _pieces(query)[:MOST_WORDS]]
    if not pieces:
        return None
    goes_on = not UNSPACED.match(pieces[-1][0])
    if dialect == "sqlite":
        return " AND ".join(f'"{" ".join(piece)}"' for piece in pieces) + ("*" if goes_on else "")
    phrases = [" <-> ".join(f"'{word}'" for word in piece) for piece in pieces]
    return " & ".join(phrases) + (":*" if goes_on else "")


def _pieces(text: str) -> list[list[str]]:
    """The words of ``text``, each by itself but for runs of a script without spaces, which stay together."""
    folded = spaced(text)[:LONGEST_DOCUMENT]
    words = _WORD.findall(folded)
    if UNSPACED.search(folded) is None:
        return [[word[:LONGEST_WORD]] for word in words]
    runs = [run for word in words for run in _RUN.findall(word)]
    return [list(run) if UNSPACED.match(run) else [run[:LONGEST_WORD]] for run in runs]
