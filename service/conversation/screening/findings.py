"""What a rule finds in a comment, and what becomes of the comment then. Pure."""

from enum import StrEnum
from typing import Literal

import msgspec

Verdict = Literal["published", "pending", "spam", "refused"]
STRICTEST: tuple[Verdict, ...] = ("refused", "spam", "pending", "published")


class Rule(StrEnum):
    """The rules that can find something; each has a sentence for moderators in every catalogue."""

    REFUSED_WORD = "refused-word"
    REFUSED_DOMAIN = "refused-domain"
    HELD_WORD = "held-word"
    LINKS = "links"
    LONG = "long"
    CAPITALS = "capitals"
    REPEATED = "repeated"
    DUPLICATE = "duplicate"
    FLOOD = "flood"
    HISTORY = "history"
    FIRST_TIMER = "first-timer"
    HONEYPOT = "honeypot"
    FAST = "fast"
    AKISMET = "akismet"
    AKISMET_UNREACHABLE = "akismet-unreachable"
    CLASSIFIER = "classifier"
    MODE = "mode"
    REPORTED = "reported"
    SECOND_LOOK = "second-look"


class Finding(msgspec.Struct, frozen=True):
    """One rule's: ``verdict`` is what it alone would have, ``matched`` what it found, as it was written or a number."""

    rule: Rule
    verdict: Verdict
    matched: str | None = None


def strictest(findings: list[Finding]) -> Verdict:
    """The verdict of the strictest finding; published where nothing was found."""
    return min((finding.verdict for finding in findings), key=STRICTEST.index, default="published")
