"""The difference between two wordings of a comment, word by word. Pure."""

import re
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

MAX_WORDS = 600  # of both wordings; longer ones are shown one after the other, as comparing them takes too long
_WORD = re.compile(r"\s+|[^\s]+")


class Part(NamedTuple):
    """A piece of text that both wordings have, or that was removed or inserted."""

    kind: Literal["same", "removed", "inserted"]
    text: str


def difference(earlier: str, later: str) -> list[Part]:
    """Return the parts of both wordings in reading order."""
    before, after = _WORD.findall(earlier), _WORD.findall(later)
    if len(before) + len(after) > 2 * MAX_WORDS:
        return [Part("removed", earlier), Part("inserted", later)]
    parts: list[Part] = []
    for tag, first, end, first_after, end_after in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(Part("same", "".join(before[first:end])))
            continue
        if end > first:
            parts.append(Part("removed", "".join(before[first:end])))
        if end_after > first_after:
            parts.append(Part("inserted", "".join(after[first_after:end_after])))
    return parts
