"""Match a text against up to ten thousand words in one pass. Pure.

A term matches whole words (``pills``, ``buy now``). A ``*`` at an end lets the word continue there (``casino*``,
``*bet*``); one inside matches up to thirty letters (``v*gra``). Scripts without spaces are searched letter by
letter.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

import ahocorasick_rs

from service.conversation.screening.fold_text import fold

MAX_GAP = 30  # maximum letters that a `*` inside a term matches

_WORD = re.compile(r"\w+")
# Thai to Tibetan, Burmese, Khmer, kana, Han, after folding.
UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")


class _Term(NamedTuple):
    """A term as written, its longest part (searched first), whether it must begin and end a word, and all parts."""

    written: str
    part: str
    begins: bool
    ends: bool
    parts: tuple[str, ...]


class WordList:
    """A list of terms, compiled for searching."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._words: dict[str, str] = {}
        self._terms: list[_Term] = []
        for written in terms:
            folded = " ".join(word for word in fold(written).split() if word.strip("*"))
            if _WORD.fullmatch(folded) and not has_unspaced(folded):
                self._words.setdefault(folded, written)
            elif folded:
                self._terms.append(_term(written, folded))
        self._finder = ahocorasick_rs.AhoCorasick([term.part for term in self._terms]) if self._terms else None

    def first_in(self, text: "FoldedText") -> str | None:
        """Return the first term that ``text`` contains, as written; None if it contains none."""
        if known := self._words.keys() & text.words:
            return self._words[min(known, key=text.folded.index)]
        if self._finder is None:
            return None
        searched: set[int] = set()  # terms with several parts, already searched in the whole text
        for number, start, end in self._finder.find_matches_as_indexes(text.folded, overlapping=True):
            term = self._terms[number]
            if len(term.parts) == 1:
                matches = _is_whole(term, text.folded, start, end)
            else:
                matches = number not in searched and _matches_parts(term, text.folded)
                searched.add(number)
            if matches:
                return term.written
        return None


class FoldedText(NamedTuple):
    """A text prepared for word lists: folded with single spaces, and the set of its words."""

    folded: str
    words: frozenset[str]


def spaced(text: str) -> str:
    """Fold ``text`` and collapse white space to single spaces."""
    return " ".join(fold(text).split())


def text_of(text: str) -> FoldedText:
    """Prepare ``text`` for word lists."""
    return folded_text(spaced(text))


def folded_text(folded: str) -> FoldedText:
    """Prepare a text that :func:`spaced` has folded."""
    return FoldedText(folded, frozenset(_WORD.findall(folded)))


def has_unspaced(folded: str) -> bool:
    """Whether ``folded`` has letters of a script without spaces between words."""
    return UNSPACED.search(folded) is not None


def _term(written: str, folded: str) -> _Term:
    unspaced = has_unspaced(folded)
    begins, ends = not (folded.startswith("*") or unspaced), not (folded.endswith("*") or unspaced)
    parts = tuple(part for part in folded.split("*") if part)
    return _Term(written, max(parts, key=lambda part: len(part.strip())), begins, ends, parts)


def _is_whole(term: _Term, text: str, start: int, end: int) -> bool:
    """Whether the match of ``term`` is not part of a longer word."""
    return (not term.begins or _begins(text, start)) and (not term.ends or _ends(text, end))


def _matches_parts(term: _Term, text: str) -> bool:
    """Whether the parts of ``term`` follow each other in ``text``, at most :data:`MAX_GAP` letters of one word apart.

    Linear in the text: of all earlier places where the previous parts end, only the nearest matters.
    """
    ends: list[int] = []
    for number, part in enumerate(term.parts):
        starts = (found.start() for found in re.finditer(f"(?={re.escape(part)})", text))
        if number == 0:
            matching = [at for at in starts if not term.begins or _begins(text, at)]
        else:
            matching = [at for at in starts if _follows(text, at, ends)]
        ends = [at + len(part) for at in matching]
    return any(not term.ends or _ends(text, end) for end in ends)


def _follows(text: str, at: int, ends: list[int]) -> bool:
    before = bisect_right(ends, at) - 1
    if before < 0 or at - ends[before] > MAX_GAP:
        return False
    return all(map(_is_letter, text[ends[before] : at]))


def _begins(text: str, at: int) -> bool:
    return at == 0 or not _is_letter(text[at - 1])


def _ends(text: str, at: int) -> bool:
    return at == len(text) or not _is_letter(text[at])


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"
