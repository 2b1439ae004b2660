"""The cost of screening a comment, real or hostile: every rule, two lists of 10,000 words and a classifier trained on
1,138 comments.

``python -m tests.bench.screening``; part of ``make bench``.
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice, product
from random import Random
from statistics import quantiles
from time import perf_counter

from service.conversation.comments.render import render
from service.conversation.screening.reputation_rules import Reputation
from service.conversation.screening.rule_set import compile_rules, make_draft_text
from service.conversation.screening.screen_text import screen_author, screen_text
from service.conversation.screening.spam_model import SpamModel
from service.platform.sites.site_rules import Rules
from tests.bench.classifying import labelled, learned_from
from tests.bench.paging import TEXT
from tests.samples import REAL

SYLLABLES = ("ba", "ko", "ri", "tu", "shen", "vel", "mor", "qua", "zi", "lan")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PRODUCTS = {
    "300 terms aaaa*xyz": tuple(f"aaaa*xyz{number}" for number in range(300)),
    "10,000 terms aaaa*xyz": tuple(f"aaaa*xyz{number}" for number in range(10_000)),
    "every pair of letters": tuple(f"{one}*{other}" for one in LETTERS for other in LETTERS if one != other),
}
EXPANDING = ("\ufdfa", "⑽", "+ - > *\n", "https://a、", "www.a ", "&", "a", " ".join(LETTERS))
HOSTILE = ("e\u0301\u0323" * 3_333, "\u202e" * 10_000, "a" * 10_000, "a " * 5_000, "ба" * 5_000, "casin" * 2_000)


def report() -> list[str]:
    """One line each for real comments and for 10,000 characters, typical and hostile."""
    return [
        line("a real comment", _comments()),
        line("10,000 usual characters", [(TEXT * 40)[:10_000]]),
        line("10,000 characters of marks, bidi controls, one word, one letter", HOSTILE),
        *limits(),
    ]


def limits() -> list[str]:
    """For each list of terms made to be slow: compiling, and the slowest of the texts made to be slow."""
    lines = []
    for name, terms in PRODUCTS.items():
        began = perf_counter()
        compiled = compile_rules(Rules(hold_words=terms))
        milliseconds = [(perf_counter() - began) * 1e3]
        for unit in EXPANDING:
            body, began = (unit * 10_000)[:10_000], perf_counter()
            draft = make_draft_text(author_name="Ada", author_url=None, body=body, html=render(body))
            screen_text(draft, compiled)
            milliseconds.append((perf_counter() - began) * 1e3)
        lines.append(
            f"{name}: compiled in {milliseconds[0]:.0f} ms; the slowest of {len(EXPANDING)} hostile texts of 10,000 "
            f"characters is rendered and screened in {max(milliseconds[1:]):.0f} ms, outside the loop and the writer."
        )
    return lines


def line(what: str, bodies: Sequence[str]) -> str:
    """The median and the 99th percentile over ``bodies``."""
    microseconds = sorted(_timed(bodies))
    cuts = quantiles(microseconds, n=100)
    return f"Screening {what}: median {cuts[49]:.0f} µs, p99 {cuts[98]:.0f} µs."


def _timed(bodies: Sequence[str]) -> Iterator[float]:
    words = [*terms_to_find()]
    rules = Rules(
        hold_words=tuple(words[:10_000]),
        reject_words=tuple(words[10_000:]),
        max_links=2,
        max_length=5_000,
        max_capitals_percent=70,
        max_repeated_characters=10,
        reject_link_domains=("pills.example",),
        duplicates="hold",
        max_per_minute_per_reader=5,
        max_per_minute_per_address=20,
        max_rejected_percent=50,
        trusted_after_published=10,
        classifier="hold",
    )
    screen, model = compile_rules(rules), SpamModel(learned_from(labelled()))
    reputation = Reputation(published=3, decided=20, rejected=4, posted=1, posted_from_address=3)
    rendered = [(body, render(body)) for body in bodies]
    for body, html in rendered * (3 if len(bodies) > 100 else 50):
        began = perf_counter()
        draft = make_draft_text(author_name="Ada", author_url=None, body=body, html=html)
        screen_author(screen_text(draft, screen, model=model), mode="hold-first-timers", reputation=reputation)
        yield (perf_counter() - began) * 1e6


def terms_to_find() -> Iterator[str]:
    """20,000 terms: mostly words, some with a wildcard, some of two words."""
    random = Random(1)  # noqa: S311 - the same each time
    for number, parts in enumerate(islice(product(SYLLABLES, repeat=5), 20_000)):
        word = "".join(parts)
        yield random.choice([word, word, word, f"{word}*", f"*{word}", f"{word[:4]}*{word[4:]}", f"{word} {number}"])


def _comments() -> list[str]:
    bodies = []
    for path in sorted((REAL / "spam").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            bodies += [row["CONTENT"] for row in csv.DictReader(file)]
    return bodies or [TEXT]


if __name__ == "__main__":
    print("\n".join(report()))
