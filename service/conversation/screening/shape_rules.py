"""Rules on the look of a text: length, capitals, repeated characters. Pure, and linear in time."""

import re
from collections.abc import Callable
from string import ascii_lowercase, ascii_uppercase

from service.conversation.screening.findings import Finding, Rule

FEWEST_LETTERS = 20  # in shorter texts capitals may be a name, an acronym or a joke

_RUN = re.compile(r"(\S)\1+")


def find_length(body: str, *, longest: int | None) -> Finding | None:
    """Find more than ``longest`` characters."""
    if longest is None or len(body) <= longest:
        return None
    return Finding(Rule.MAX_LENGTH, "hold", str(len(body)))


def find_capitals(body: str, *, most: int | None) -> Finding | None:
    """Find more than ``most`` percent capitals among the letters that have a case."""
    if most is None:
        return None
    capitals, small = _count(body, str.isupper, ascii_uppercase), _count(body, str.islower, ascii_lowercase)
    if capitals + small < FEWEST_LETTERS or capitals * 100 <= most * (capitals + small):
        return None
    return Finding(Rule.MAX_CAPITALS, "hold", f"{capitals * 100 // (capitals + small)} %")


def _count(text: str, is_one: Callable[[str], bool], in_ascii: str) -> int:
    """Count the characters of ``text`` that match; the fast path for ASCII counts those ``in_ascii``."""
    if text.isascii():
        return len(text) - len(text.encode().translate(None, in_ascii.encode()))
    return sum(map(is_one, text))


def find_repeated(body: str, *, most: int | None) -> Finding | None:
    """Find one character repeated more than ``most`` times in a row; white space may repeat."""
    if most is None:
        return None
    run = max(_RUN.finditer(body), key=lambda match: match.end() - match.start(), default=None)
    if run is None or len(run[0]) <= most:
        return None
    return Finding(Rule.MAX_REPEATED, "hold", f"{run[1]} × {len(run[0])}")
