"""Features of a comment for the spam filter: words, word pairs, character 4-grams, links, shape and author. Pure.

N-grams recognise a word in a new spelling, and find words in scripts without spaces. A feature that is not a word of
the text begins with a tab. Folded text contains no tab, so no author can type such a feature.

*Why these*: on the comments of ``tests/bench/classifying.py`` words and pairs alone reach an area under the curve of
0.992; with 4-grams it is 0.994. 3-grams, 5-grams, or 2- to 5-grams together are no better, and the last cost four times
as much. The first word matters most under a video that is not in the training data (LMFAO: 0.966 without it, 0.971 with
it).
"""

import re
from collections.abc import Iterator, Set
from itertools import pairwise
from string import ascii_uppercase
from typing import NamedTuple

from service.conversation.screening.fold_text import fold
from service.conversation.screening.rule_set import DraftText
from service.conversation.screening.word_rules import has_unspaced

FEATURES_VERSION = 1  # raise it with each change to the features: the filter then retrains from the log
MAX_CHARACTERS = 600  # of a comment; the rest is not read

_WORD = re.compile(r"\w{1,30}")
_HOST, _NAME, _SHAPE = "\t//", "\t@", "\t#"


class Features(NamedTuple):
    """``words`` are the folded words in order; ``all`` is the set of features, to train and to classify."""

    words: list[str]
    all: Set[str]


def features_of(draft: DraftText) -> Features:
    """Return the features of a comment: about a hundred for a hundred characters, 2,000 at most."""
    name = " ".join(fold(draft.author_name).split())
    folded = draft.text.folded[len(name) + 1 if name else 0 :][:MAX_CHARACTERS]
    words = _WORD.findall(folded)
    features = ngrams_of(f" {folded} ")
    features.update(words)
    features.update(map(" ".join, pairwise(words)))
    features.update(_shape(draft, words))
    features.update([_NAME + word for word in _WORD.findall(name[:100])])
    if draft.hosts:
        features.update(host_feature(host) for host in draft.hosts[:10])
    return Features(words, features)


def ngrams_of(folded: str) -> set[str]:
    """Return the character 4-grams, and the 2-grams in scripts without spaces."""
    ngrams = {folded[start : start + 4] for start in range(len(folded) - 3)}
    if not folded.isascii() and has_unspaced(folded):
        ngrams.update(folded[start : start + 2] for start in range(len(folded) - 1))
    return ngrams


def host_feature(host: str) -> str:
    """Return the feature of a link to ``host``."""
    return _HOST + host[:100]


def _shape(draft: DraftText, words: list[str]) -> Iterator[str]:
    """Yield features for length (in powers of two), first word, exclamation marks, capitals, digits and links."""
    body = draft.body[:MAX_CHARACTERS]
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
    if draft.hosts:
        yield f"{_SHAPE}links {min(len(draft.hosts), 3)}"
    if draft.author_url:
        yield f"{_SHAPE}author links"


_SHOUTED = re.compile(f"[{ascii_uppercase}]{{4}}")
_FIGURE = re.compile(r"\d")
