"""Findings of the screening rules, and the action that follows from them. Pure."""

from enum import StrEnum
from typing import Literal

import msgspec

Action = Literal["publish", "hold", "spam", "reject"]
STRICTEST: tuple[Action, ...] = ("reject", "spam", "hold", "publish")


class Rule(StrEnum):
    """The rules that can produce a finding; every language catalogue has a message for each."""

    REJECT_WORDS = "reject_words"
    REJECT_LINK_DOMAINS = "reject_link_domains"
    HOLD_WORDS = "hold_words"
    MAX_LINKS = "max_links"
    MAX_LENGTH = "max_length"
    MAX_CAPITALS = "max_capitals"
    MAX_REPEATED = "max_repeated"
    DUPLICATES = "duplicates"
    MAX_PER_MINUTE = "max_per_minute"
    MAX_REJECTED = "max_rejected"
    HOLD_FIRST_TIMERS = "hold_first_timers"
    HOLD_READER = "hold_reader"
    HONEYPOT = "honeypot"
    MIN_FORM_SECONDS = "min_form_seconds"
    AKISMET = "akismet"
    ON_AKISMET_FAILURE = "on_akismet_failure"
    CLASSIFIER = "classifier"
    MODE = "mode"
    REPORT_THRESHOLD = "report_threshold"
    APPEAL = "appeal"


class Finding(msgspec.Struct, frozen=True):
    """The result of one rule: the ``action`` it asks for, and ``matched``, the text or number that triggered it."""

    rule: Rule
    action: Action
    matched: str | None = None


def strictest(findings: list[Finding]) -> Action:
    """Return the strictest action of ``findings``; ``publish`` if there are none."""
    return min((finding.action for finding in findings), key=STRICTEST.index, default="publish")
