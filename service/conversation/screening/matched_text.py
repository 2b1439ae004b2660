"""Find where a finding's match stands in the text as written, so that moderators see it marked. Pure.

The rules match folded text, whose positions differ. So the match is searched for in the folded text, and its words are
counted: the same words of the written text, and within them the same letters, are marked.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.fold_text import fold
from service.conversation.screening.word_rules import MAX_GAP, has_unspaced

MAX_MARKS = 20  # of one finding
MAX_STEPS = 2_000  # that a search for a term with gaps takes
_WORD = re.compile(r"\S+")
_NOT_LETTER = re.compile(r"\W")


class Span(NamedTuple):
    """A part of a text, in characters: from ``start`` up to, not including, ``end``."""

    start: int
    end: int


class SearchableText:
    """A text as written, with its words and their folded forms."""

    def __init__(self, written: str) -> None:
        self.written = written
        words = [(match.start(), match[0]) for match in _WORD.finditer(written)]
        folded = fold(written).split()
        if len(folded) != len(words):  # folding removed or divided a word: fold each alone
            each = [(start, word, fold(word).split()) for start, word in words]
            words = [(start, word) for start, word, parts in each for _ in parts]
            folded = [part for _, _, parts in each for part in parts]
        self._words = words
        self._ends: dict[int, list[int]] = {}  # where each letter of a word ends in the folded word
        self.folded = " ".join(folded)
        self._starts = [0, *accumulate(len(word) + 1 for word in folded)][:-1]

    def written_span(self, span: Span) -> Span:
        """Return the part of the written text that the ``span`` of the folded text comes from."""
        first, last = (bisect_right(self._starts, at) - 1 for at in (span.start, max(span.start, span.end - 1)))
        start = self._position(first, span.start - self._starts[first], at_end=False)
        return Span(start, self._position(last, span.end - self._starts[last], at_end=True))

    def _position(self, number: int, letters: int, *, at_end: bool) -> int:
        """Return the position after ``letters`` folded letters of a word; at its end, after all marks on them."""
        start, word = self._words[number]
        ends = self._ends.get(number)
        if ends is None:
            lengths = {letter: len(fold(letter)) for letter in set(word)}
            ends = self._ends[number] = [*accumulate(map(lengths.__getitem__, word))]
            if ends[-1] != len(fold(word)):  # its letters fold together
                self._ends[number] = ends = []
        if not ends:  # mark the whole word
            return start + (len(word) if at_end else 0)
        return start + (bisect_right(ends, letters - 1) + 1 if at_end else bisect_right(ends, letters))


def find_match(finding: Finding, text: SearchableText) -> list[Span]:
    """Return where the match of ``finding`` stands in ``text``, at most :data:`MAX_MARKS`; empty if it is a number."""
    if finding.matched is None:
        return []
    match finding.rule:
        case Rule.HOLD_WORDS | Rule.REJECT_WORDS:
            return [text.written_span(each) for each in _find_term(finding.matched, text.folded)]
        case Rule.REJECT_LINK_DOMAINS:
            found = re.finditer(re.escape(finding.matched), text.written, re.IGNORECASE)
        case Rule.MAX_REPEATED:
            character, _, times = finding.matched.rpartition(" × ")
            found = re.finditer(re.escape(character * int(times)), text.written)
        case _:
            return []
    return [Span(*each.span()) for each, _ in zip(found, range(MAX_MARKS), strict=False)]


def _find_term(term: str, folded: str) -> list[Span]:
    """Find a term of a word list, as ``word_rules.py`` describes it."""
    written = " ".join(word for word in fold(term).split() if word.strip("*"))
    parts = [part for part in written.split("*") if part]
    if not parts:
        return []
    unspaced = has_unspaced(written)
    ends_word = (not (unspaced or written.startswith("*")), not (unspaced or written.endswith("*")))
    spans: list[Span] = []
    at = steps = 0
    while len(spans) < MAX_MARKS and steps < MAX_STEPS and (at := folded.find(parts[0], at)) >= 0:
        steps += len(parts)
        end = _end_of(parts, folded, at)
        if end is not None and _is_whole(folded, at, end, ends_word):
            spans.append(Span(at, end if ends_word[1] or unspaced else _word_end(folded, end)))
            at = end
        else:
            at += 1
    return spans


def _end_of(parts: Sequence[str], folded: str, at: int) -> int | None:
    """Return where the ``parts`` end that follow each other from ``at``, each as near as possible to the last."""
    end = at + len(parts[0])
    for part in parts[1:]:
        next_at = folded.find(part, end, end + MAX_GAP + len(part))
        if next_at < 0 or _NOT_LETTER.search(folded, end, next_at):
            return None
        end = next_at + len(part)
    return end


def _is_whole(folded: str, start: int, end: int, ends_word: tuple[bool, bool]) -> bool:
    """Whether words begin at ``start`` and end at ``end``, where the term asks for it."""
    begins = start == 0 or _NOT_LETTER.search(folded, start - 1, start + 1)
    ends = end == len(folded) or _NOT_LETTER.search(folded, end - 1, end + 1)
    return bool((begins or not ends_word[0]) and (ends or not ends_word[1]))


def _word_end(folded: str, end: int) -> int:
    after = _NOT_LETTER.search(folded, end)
    return after.start() if after else len(folded)
