"""The classifier's accuracy: five-fold cross-validation, and each video with a model trained on the other videos.

``python -m tests.bench.classifying``; part of ``make bench``. The comments are 1,138 under three music videos, labelled
by hand (UCI YouTube Spam Collection), in the order of the files. Each is learned once, in a random order with a fixed
seed, by the code that learns from moderators; the folds are not stratified. RESULTS.md compares, on the same folds,
scikit-learn's LogisticRegression(C=10) on TfidfVectorizer(analyzer="char", ngram_range=(2, 5),
sublinear_tf=True), and its MultinomialNB on CountVectorizer().
"""

import csv
from collections.abc import Iterable, Sequence
from random import Random
from statistics import fmean, quantiles
from time import perf_counter
from typing import NamedTuple

from service.conversation.comments.render import render
from service.conversation.screening.rule_set import DraftText, make_draft_text
from service.conversation.screening.spam_features import features_of
from service.conversation.screening.spam_model import SPAM_THRESHOLD, FeatureCounts, SpamModel, find_spam
from tests.samples import REAL

FOLDS = 5


class Labelled(NamedTuple):
    """A comment, its video, and its label."""

    video: str
    text: DraftText
    spam: bool


Scored = tuple[float, bool]


def report() -> list[str]:
    """A table with the area under the ROC curve and the recall at 1 % false positives, and the cost of a check."""
    comments = labelled()
    if not comments:
        return ["The labelled comments are not beside the repository."]
    lines = [_line("five-fold, all comments", five_folds(comments))]
    videos = by_video(comments)
    lines += [_line(f"{video}, by what the others taught", scored) for video, scored in videos.items()]
    mean = fmean(map(area, videos.values())), fmean(map(recall, videos.values()))
    lines.append(f"| mean of the three | {mean[0]:.4f} | {mean[1]:.2f} | |")
    head = [
        "| | ROC AUC | recall at 1 % false positives | found, and wrongly, at the bound |",
        "| --- | --- | --- | --- |",
    ]
    return [*head, *lines, "", _cost(comments)]


def labelled() -> list[Labelled]:
    """Read the labelled comments, in the order of the files."""
    comments = []
    for path in sorted((REAL / "spam").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                body = row["CONTENT"].strip("\ufeff ")
                draft = make_draft_text(author_name=row["AUTHOR"], author_url=None, body=body, html=render(body))
                comments.append(Labelled(path.stem.removeprefix("youtube-"), draft, row["CLASS"] == "1"))
    return comments


def five_folds(comments: Sequence[Labelled]) -> list[Scored]:
    """Score each comment with a model trained on the other four fifths."""
    order = list(range(len(comments)))
    Random(1).shuffle(order)  # noqa: S311 - the same each time
    return [one for fold in range(FOLDS) for one in _score(comments, set(order[fold::FOLDS]))]


def by_video(comments: Sequence[Labelled]) -> dict[str, list[Scored]]:
    """Score the comments of each video with a model trained on the other videos."""
    videos = sorted({comment.video for comment in comments})
    return {video: _score(comments, {n for n, each in enumerate(comments) if each.video == video}) for video in videos}


def area(scored: Sequence[Scored]) -> float:
    """The area under the ROC curve: how often spam scores above another comment (Mann and Whitney's U)."""
    ranks: dict[float, list[int]] = {}
    for rank, (score, _) in enumerate(sorted(scored), start=1):
        ranks.setdefault(score, []).append(rank)
    spam = [fmean(ranks[score]) for score, is_spam in scored if is_spam]
    return (sum(spam) - len(spam) * (len(spam) + 1) / 2) / (len(spam) * (len(scored) - len(spam)))


def recall(scored: Sequence[Scored]) -> float:
    """The recall at 1 % false positives."""
    others = sorted((score for score, is_spam in scored if not is_spam), reverse=True)
    return _share(scored, above=others[len(others) // 100], spam=True)


def _share(scored: Sequence[Scored], *, above: float, spam: bool) -> float:
    of = [score for score, is_spam in scored if is_spam is spam]
    return sum(score > above for score in of) / len(of)


def _score(comments: Sequence[Labelled], left_out: set[int]) -> list[Scored]:
    """Score the comments that are ``left_out`` with a model trained on the others, one at a time."""
    order = [number for number in range(len(comments)) if number not in left_out]
    Random(1).shuffle(order)  # noqa: S311 - the same each time
    model = SpamModel(learned_from(comments[number] for number in order))
    return [(model.probability(features_of(comments[n].text).all), comments[n].spam) for n in sorted(left_out)]


def learned_from(comments: Iterable[Labelled]) -> FeatureCounts:
    """What is learned of ``comments``, one at a time."""
    learned = FeatureCounts()
    for comment in comments:
        learned.learn(features_of(comment.text).all, spam=comment.spam)
    return learned


def _line(what: str, scored: Sequence[Scored]) -> str:
    found, wrongly = (_share(scored, above=SPAM_THRESHOLD, spam=spam) for spam in (True, False))
    return f"| {what} | {area(scored):.4f} | {recall(scored):.2f} | {found:.2f}, {wrongly:.3f} |"


def _cost(comments: Sequence[Labelled]) -> str:
    learned, microseconds = learned_from(comments), []
    began = perf_counter()
    model = SpamModel(learned)
    made = (perf_counter() - began) * 1e3
    for comment in [*comments] * 3:
        began = perf_counter()
        find_spam(model, comment.text, action="hold")
        microseconds.append((perf_counter() - began) * 1e6)
    cuts = quantiles(microseconds, n=100)
    return f"Classify one comment: median {cuts[49]:.0f} µs, p99 {cuts[98]:.0f} µs; build the model: {made:.0f} ms."


if __name__ == "__main__":
    print("\n".join(report()))
