"""Match a text against up to ten thousand words. Pure.

A term matches whole words (``pills``, ``buy now``). A ``*`` at an end lets the word continue there (``casino*``,
``*bet*``); one inside matches up to thirty letters (``v*gra``). Scripts without spaces are searched letter by
letter.

*How*: single words are looked up in the set of the text's words. For other terms, text and terms are marked where words
may begin and end, so that whole words are plain strings to search for. All terms without a ``*`` inside take one pass.
Terms with one are searched around the rarest of their parts. The number of steps is limited, because a list and a text
can be made so that no search is fast.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from service.conversation.screening.fold_text import fold
from service.conversation.screening.pattern_finder import PatternFinder, Steps

MAX_GAP = 30  # maximum letters that a `*` inside a term matches

# Around each character that is not a letter. The control characters are in no text and no term.
_BEGIN, _END = "\0", "\1"

_WORD = re.compile(r"\w+")
_NOT_LETTER = re.compile(r"(\W)")
# Thai to Tibetan, Burmese, Khmer, kana, Han, after folding.
UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")


class _Gapped(NamedTuple):
    """A term with a ``*`` inside: as written, and its marked parts."""

    written: str
    parts: tuple[str, ...]


class FoldedText:
    """A text prepared for word lists: folded, with single spaces."""

    def __init__(self, folded: str) -> None:
        self.folded = folded

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the text."""
        return frozenset(_WORD.findall(self.folded))

    @cached_property
    def marked(self) -> str:
        """The text, marked where words may begin and end."""
        return f"{_BEGIN}{_mark(self.folded)}{_END}"


class WordList:
    """A list of terms, compiled for searching."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._words: dict[str, str] = {}
        whole: dict[str, str] = {}
        gapped: dict[tuple[str, ...], _Gapped] = {}
        for written in terms:
            folded = " ".join(word for word in fold(written).split() if word.strip("*"))
            if _WORD.fullmatch(folded) and not has_unspaced(folded):
                self._words.setdefault(folded, written)
                continue
            parts = _parts(folded)
            if len(parts) == 1:
                whole.setdefault(parts[0], written)
            elif parts:
                gapped.setdefault(parts, _Gapped(written, parts))
        self._whole = whole
        self._whole_finder = PatternFinder(_without_longer(whole)) if whole else None
        self._gapped = _GappedTerms([*gapped.values()]) if gapped else None

    def first_in(self, text: FoldedText) -> str | None:
        """Return a term that ``text`` contains, as written; None if it contains none. Raises SearchTooLong."""
        if self._words.keys() & text.words:
            return next(self._words[word] for word in _WORD.findall(text.folded) if word in self._words)
        steps = Steps()
        if self._whole_finder and (found := next(self._whole_finder.occurrences(text.marked, steps), None)):
            return self._whole[found[0]]
        return self._gapped.first_in(text.marked, steps) if self._gapped else None


class _GappedTerms:
    """Terms with a ``*`` inside."""

    def __init__(self, terms: Sequence[_Gapped]) -> None:
        self._finder = PatternFinder({part for term in terms for part in term.parts})
        self._by_longest_part: defaultdict[str, list[_Gapped]] = defaultdict(list)
        for term in terms:
            self._by_longest_part[max(term.parts, key=len)].append(term)

    def first_in(self, marked: str, steps: Steps) -> str | None:
        starts: defaultdict[str, list[int]] = defaultdict(list)
        for part, at in self._finder.occurrences(marked, steps):
            starts[part].append(at)
        for part in starts:
            for term in self._by_longest_part.get(part, ()):
                steps.take(1)
                if all(map(starts.__contains__, term.parts)) and _matches(term, marked, starts, steps):
                    return term.written
        return None


def spaced(text: str) -> str:
    """Fold ``text`` and collapse white space to single spaces."""
    return " ".join(fold(text).split())


def text_of(text: str) -> FoldedText:
    """Prepare ``text`` for word lists."""
    return FoldedText(spaced(text))


def has_unspaced(folded: str) -> bool:
    """Whether ``folded`` has letters of a script without spaces between words."""
    return UNSPACED.search(folded) is not None


def _without_longer(patterns: Iterable[str]) -> list[str]:
    """Leave out patterns that begin with another: where they match, the other does."""
    kept: list[str] = []
    for pattern in sorted(patterns):
        if not (kept and pattern.startswith(kept[-1])):
            kept.append(pattern)
    return kept


def _mark(folded: str) -> str:
    pieces = _NOT_LETTER.split(folded)
    pieces[1::2] = [f"{_END}{each}{_BEGIN}" for each in pieces[1::2]]
    return "".join(pieces)


def _parts(folded: str) -> tuple[str, ...]:
    """Return the marked parts of a term between its ``*``; the first and last say whether words begin and end there."""
    unspaced = has_unspaced(folded)
    begin = "" if unspaced or folded.startswith("*") else _BEGIN
    end = "" if unspaced or folded.endswith("*") else _END
    parts = [_mark(part) for part in folded.split("*") if part]
    if parts:
        parts[0] = begin + parts[0]
        parts[-1] += end
    return tuple(parts)


def _matches(term: _Gapped, marked: str, starts: Mapping[str, list[int]], steps: Steps) -> bool:
    """Whether the parts of ``term`` follow each other somewhere; looks only around the rarest part."""
    reach = sum(map(len, term.parts)) + MAX_GAP * (len(term.parts) - 1)
    searched = 0
    for at in min((starts[part] for part in term.parts), key=len):
        if at < searched:
            continue
        searched = at + reach
        near = [_between(starts[part], at - reach, searched + reach) for part in term.parts]
        steps.take(sum(map(len, near)) + 2 * len(near))
        if _follow_each_other(term.parts, near, marked):
            return True
    return False


def _between(starts: list[int], first: int, last: int) -> list[int]:
    return starts[bisect_left(starts, first) : bisect_right(starts, last)]


def _follow_each_other(parts: Sequence[str], starts: Sequence[list[int]], marked: str) -> bool:
    """Whether ``parts`` occur at ``starts`` one after another, at most :data:`MAX_GAP` letters of one word apart.

    Of all earlier places where the previous parts end, only the nearest matters.
    """
    ends: list[int] = []
    for number, part in enumerate(parts):
        matching = starts[number] if number == 0 else [at for at in starts[number] if _follows(marked, at, ends)]
        ends = [at + len(part) for at in matching]
    return bool(ends)


def _follows(marked: str, at: int, ends: list[int]) -> bool:
    before = bisect_right(ends, at) - 1
    if before < 0 or at - ends[before] > MAX_GAP:
        return False
    return marked.find(_END, ends[before], at) < 0
