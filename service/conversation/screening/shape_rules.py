"""Rules on the shape of a text: length, capitals, repeated characters. Pure, and linear in time."""

import re
from collections.abc import Callable
from string import ascii_lowercase, ascii_uppercase

from service.conversation.screening.findings import Finding, Rule

MIN_LETTERS = 20  # in shorter texts capitals may be a name, an acronym or a joke

_RUN = re.compile(r"(\S)\1+")


def find_length(body: str, *, max_length: int | None) -> Finding | None:
    """Find more than ``max_length`` characters."""
    if max_length is None or len(body) <= max_length:
        return None
    return Finding(Rule.MAX_LENGTH, "hold", str(len(body)))


def find_capitals(body: str, *, max_percent: int | None) -> Finding | None:
    """Find more than ``max_percent`` percent capitals among the letters that have a case."""
    if max_percent is None:
        return None
    capitals, small = _count(body, str.isupper, ascii_uppercase), _count(body, str.islower, ascii_lowercase)
    if capitals + small < MIN_LETTERS or capitals * 100 <= max_percent * (capitals + small):
        return None
    return Finding(Rule.MAX_CAPITALS, "hold", f"{capitals * 100 // (capitals + small)} %")


def _count(text: str, is_one: Callable[[str], bool], in_ascii: str) -> int:
    """Count the characters of ``text`` that match; the fast path for ASCII counts those ``in_ascii``."""
    if text.isascii():
        return len(text) - len(text.encode().translate(None, in_ascii.encode()))
    return sum(map(is_one, text))


def find_repeated(body: str, *, max_run: int | None) -> Finding | None:
    """Find one character repeated more than ``max_run`` times in a row; white space may repeat."""
    if max_run is None:
        return None
    run = max(_RUN.finditer(body), key=lambda match: match.end() - match.start(), default=None)
    if run is None or len(run[0]) <= max_run:
        return None
    return Finding(Rule.MAX_REPEATED, "hold", f"{run[1]} × {len(run[0])}")
