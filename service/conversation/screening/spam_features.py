"""What a comment is learned by: its words, pairs of words, pieces of four letters, links, shape and author. Pure.

Pieces know a word in a new spelling, and find words where a script leaves no space between them. What is no word of the
text begins with a tab, which no folded text has, so that nobody can write it.

*Why these*: on the comments of ``tests/bench/classifying.py`` words and pairs alone reach an area under the curve of
0.992, with pieces of four 0.994; pieces of three or five, or of two to five together, are no better, and the last cost
four times as much. How a comment begins says most under a video of which nothing was learned (LMFAO: 0.966 without it,
0.971 with it).
"""

import re
from collections.abc import Iterator, Set
from itertools import pairwise
from string import ascii_uppercase
from typing import NamedTuple

from service.conversation.screening.fold_text import fold
from service.conversation.screening.rule_set import DraftText
from service.conversation.screening.word_rules import has_unspaced

EDITION = 1  # another number where a comment has other features: what was learned is then learned anew from the log
LONGEST = 600  # characters of a comment that are looked at

_WORD = re.compile(r"\w{1,30}")
_HOST, _NAME, _SHAPE = "\t//", "\t@", "\t#"


class Features(NamedTuple):
    """``words`` in their order, as folded; ``all`` that the comment is learned and judged by, each once."""

    words: list[str]
    all: Set[str]


def features_of(said: DraftText) -> Features:
    """The features of what is ``said``: a hundred for a comment of a hundred characters, 2,000 at most."""
    name = " ".join(fold(said.author_name).split())
    folded = said.text.folded[len(name) + 1 if name else 0 :][:LONGEST]
    words = _WORD.findall(folded)
    features = pieces_of(f" {folded} ")
    features.update(words)
    features.update(map(" ".join, pairwise(words)))
    features.update(_shape(said, words))
    features.update([_NAME + word for word in _WORD.findall(name[:100])])
    if said.hosts:
        features.update(host_feature(host) for host in said.hosts[:10])
    return Features(words, features)


def pieces_of(folded: str) -> set[str]:
    """The pieces of four characters, and of two where words are not told apart by spaces."""
    pieces = {folded[start : start + 4] for start in range(len(folded) - 3)}
    if not folded.isascii() and has_unspaced(folded):
        pieces.update(folded[start : start + 2] for start in range(len(folded) - 1))
    return pieces


def host_feature(host: str) -> str:
    """The feature of a link to ``host``."""
    return _HOST + host[:100]


def _shape(said: DraftText, words: list[str]) -> Iterator[str]:
    """How long it is, by powers of two; how it begins; how loud it is; whether it links and has figures."""
    body = said.body[:LONGEST]
    yield f"{_SHAPE}length {len(body).bit_length()}"
    yield f"{_SHAPE}words {len(words).bit_length()}"
    if words:
        yield f"{_SHAPE}begins {words[0]}"
    if "!" in body:
        yield f"{_SHAPE}! {min(body.count('!'), 3)}"
    if _SHOUTED.search(body):
        yield f"{_SHAPE}shouted"
    if _FIGURE.search(body):
        yield f"{_SHAPE}figures"
    if said.hosts:
        yield f"{_SHAPE}links {min(len(said.hosts), 3)}"
    if said.author_url:
        yield f"{_SHAPE}author links"


_SHOUTED = re.compile(f"[{ascii_uppercase}]{{4}}")
_FIGURE = re.compile(r"\d")
