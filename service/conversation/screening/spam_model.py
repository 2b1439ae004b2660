"""What moderators' decisions teach: naive Bayes on a comment's features, learned a decision at a time. Pure.

Only counts are kept, so lessons may come in any order, and each can be taken back as if it had never been given. What
is found is told by the words that weighed most.

*Why counts*: on real comments (``tests/bench/classifying.py``) they tell spam as well as logistic regression that sees
all of them at once and many times (area under the curve 0.994 and 0.993), and better under a video of which nothing was
learned (0.983 and 0.970; logistic regression that learns a decision at a time, on much the same features, 0.976).
"""

import math
import re
from collections.abc import Iterable, Set
from heapq import nlargest

import msgspec

from service.conversation.screening.findings import Action, Finding, Rule
from service.conversation.screening.fold_text import fold
from service.conversation.screening.rule_set import DraftText
from service.conversation.screening.spam_features import LONGEST, Features, features_of, host_feature, pieces_of

FEWEST = 20  # lessons of each kind before anything is said
SEEN_BY = 2  # lessons that a feature must have been in to count
# Of real comments that were no spam one in a hundred at most came so high, whether 20 of each kind had been learned,
# 400 of each, or twenty times as many of one kind as of the other (0.1 to 1.0 %); at 0.98 it was up to 1.3 %.
SURE = 0.985
_FAITH = 4.0  # how far from even we believe odds to lie before we have seen them (variance of their logarithm)


class Learned(msgspec.Struct):
    """How many lessons of each kind there were, and in how many of them each feature was."""

    spam: int = 0
    not_spam: int = 0
    in_spam: dict[str, int] = {}
    in_not_spam: dict[str, int] = {}

    def learn(self, features: Iterable[str], *, spam: bool) -> None:
        """Count one comment more, which was judged to be ``spam`` or not."""
        self._count(1, spam=spam)
        counts = self.in_spam if spam else self.in_not_spam
        for feature in features:
            counts[feature] = counts.get(feature, 0) + 1

    def unlearn(self, features: Iterable[str], *, spam: bool) -> None:
        """Take back what :meth:`learn` counted, which must have been the same."""
        self._count(-1, spam=spam)
        counts = self.in_spam if spam else self.in_not_spam
        for feature in features:
            if counts[feature] == 1:
                del counts[feature]
            else:
                counts[feature] -= 1

    def _count(self, by: int, *, spam: bool) -> None:
        if spam:
            self.spam += by
        else:
            self.not_spam += by


class SpamModel:
    """Lessons, made ready to judge by.

    The weight of a feature is the logarithm of how much likelier it is in spam, drawn towards nothing by how little was
    seen of it. So what a site's few lessons of one kind happen not to have is no reason to suspect it.
    """

    def __init__(self, learned: Learned) -> None:
        """``learned`` from a lesson of each kind at least."""
        total = learned.spam + learned.not_spam
        spam_beside, other_beside = 2 * learned.spam / total, 2 * learned.not_spam / total
        evenly = math.log(learned.not_spam / learned.spam)
        in_spam, in_other = learned.in_spam.get, learned.in_not_spam.get
        self._weights: dict[str, float] = {}
        for feature in learned.in_spam.keys() | learned.in_not_spam.keys():
            seen_in_spam, seen_in_other = in_spam(feature, 0), in_other(feature, 0)
            if seen_in_spam + seen_in_other >= SEEN_BY:
                spam, other = seen_in_spam + spam_beside, seen_in_other + other_beside
                doubt = 1 / spam + 1 / other
                self._weights[feature] = (math.log(spam / other) + evenly) * _FAITH / (_FAITH + doubt)

    def probability(self, features: Set[str]) -> float:
        """How sure it is, from 0 to 1, that a comment with ``features`` is spam; 0.5 where it knows none of them.

        Features are no independent witnesses, least of all pieces of one word, so the sum of their weights is divided
        by the root of their number.
        """
        weights = [*filter(None, map(self._weights.get, features))]
        return 1 / (1 + math.exp(-sum(weights) / math.sqrt(len(weights)))) if weights else 0.5

    def strongest(self, said: DraftText, features: Features) -> list[str]:
        """Up to five words and hosts that spoke most for spam, the first the strongest, as they were written."""
        weigh = self._weights.get
        weights = {host: weigh(host_feature(host), 0.0) for host in said.hosts}
        for word in set(features.words):
            pieces = math.fsum(weigh(piece, 0.0) for piece in pieces_of(f" {word} "))
            weights[word] = weigh(word, 0.0) + pieces
        written = {fold(word): word for word in _WRITTEN.findall(said.body[:LONGEST])}
        strongest = nlargest(5, ((weight, word) for word, weight in weights.items() if weight > 0))
        return [written.get(word, word)[:50] for _, word in strongest]


_WRITTEN = re.compile(r"[\w@$€]+")


def model_of(learned: Learned) -> SpamModel | None:
    """The model of what was ``learned``; None, which stays silent, until it was enough of both kinds."""
    return SpamModel(learned) if min(learned.spam, learned.not_spam) >= FEWEST else None


def find_spam(model: SpamModel | None, said: DraftText, *, action: Action) -> Finding | None:
    """That ``model`` is sure that what is ``said`` is spam; ``action`` is what the site makes of that."""
    if model is None:
        return None
    features = features_of(said)
    if model.probability(features.all) < SURE:
        return None
    return Finding(Rule.CLASSIFIER, action, ", ".join(model.strongest(said, features)) or None)
