"""Whether a text has one of ten thousand words, in one pass. Pure.

A term is whole words (``pills``, ``buy now``) unless a ``*`` at its end lets the word go on (``casino*``, ``*bet*``) or
one inside stands for up to thirty letters (``v*gra``). Scripts that leave no space between words are looked through
letter by letter.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

import ahocorasick_rs

from service.screening.folding import fold

LONGEST = 100  # characters of a term, and on both sides of a part of it that are looked at

_WORD = re.compile(r"\w+")
# Thai to Tibetan, Burmese, Khmer, kana, Han; as they are after folding.
UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")


class _Term(NamedTuple):
    """A term as it was written; what is looked for first; the whole of it, where that is only a part."""

    written: str
    part: str
    begins: bool
    ends: bool
    whole: re.Pattern[str] | None


class WordList:
    """Terms, ready to be looked for."""

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

    def first_in(self, text: "Text") -> str | None:
        """The first term that ``text`` is found to have, as it was written; None where it has none."""
        if known := self._words.keys() & text.words:
            return self._words[min(known, key=text.folded.index)]
        if self._finder is None:
            return None
        hits = self._finder.find_matches_as_indexes(text.folded, overlapping=True)
        terms = self._terms
        return next((terms[hit[0]].written for hit in hits if _holds(terms[hit[0]], text.folded, hit)), None)


class Text(NamedTuple):
    """A text as lists of words are looked for in it: folded, its white space single spaces; and its words."""

    folded: str
    words: frozenset[str]


def spaced(text: str) -> str:
    """``text`` folded, its white space single spaces."""
    return " ".join(fold(text).split())


def text_of(text: str) -> Text:
    """``text``, ready to be looked through."""
    return folded_text(spaced(text))


def folded_text(folded: str) -> Text:
    """What :func:`spaced` made of a text, ready to be looked through."""
    return Text(folded, frozenset(_WORD.findall(folded)))


def has_unspaced(folded: str) -> bool:
    """Whether ``folded`` has letters of a script that leaves no space between words."""
    return UNSPACED.search(folded) is not None


def _term(written: str, folded: str) -> _Term:
    unspaced = has_unspaced(folded)
    begins, ends = not (folded.startswith("*") or unspaced), not (folded.endswith("*") or unspaced)
    parts = [part for part in folded.split("*") if part]
    if len(parts) == 1:
        return _Term(written, parts[0], begins, ends, None)
    whole = r"\w{0,30}".join(map(re.escape, parts))
    pattern = re.compile((r"(?<!\w)" if begins else "") + whole + (r"(?!\w)" if ends else ""))
    return _Term(written, max(parts, key=lambda part: len(part.strip())), begins, ends, pattern)


def _holds(term: _Term, text: str, hit: tuple[int, int, int]) -> bool:
    """Whether what was found of ``term`` is the whole of it, and no part of a longer word."""
    _, start, end = hit
    if term.whole:
        return term.whole.search(text, max(0, start - LONGEST), end + LONGEST) is not None
    begins = not term.begins or start == 0 or not _is_letter(text[start - 1])
    return begins and (not term.ends or end == len(text) or not _is_letter(text[end]))


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"
