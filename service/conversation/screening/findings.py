"""Findings of the screening rules, and the action that follows from them. Pure.

A rule in shadow has findings, but they have no effect: moderators see them and compare them with their own decisions.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

import msgspec

from service.platform.sites.site_rules import Rules

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
    STAFF_NAME = "staff_name"
    AKISMET = "akismet"
    ON_AKISMET_FAILURE = "on_akismet_failure"
    SCREENING_WEBHOOK = "screening_webhook"
    ON_SCREENING_WEBHOOK_FAILURE = "on_screening_webhook_failure"
    CLASSIFIER = "classifier"
    MODE = "mode"
    REPORT_THRESHOLD = "report_threshold"
    APPEAL = "appeal"


class Finding(msgspec.Struct, frozen=True):
    """The result of one rule: the ``action`` it asks for, and ``matched``, the text or number that triggered it.

    In ``shadow`` it is recorded for moderators only, and nothing follows from it. The screening webhook also gives its
    own ``messages`` by language, and a ``score`` from 0 to 1; ``matched`` is its code.
    """

    rule: Rule
    action: Action
    matched: str | None = None
    shadow: bool = False
    messages: dict[str, str] = {}
    score: float | None = None


def with_shadow(findings: list[Finding], rules: Rules) -> list[Finding]:
    """Return ``findings`` with those of rules in shadow marked. A failed check belongs to the rule that needed it."""
    if not rules.shadow:
        return findings
    return [
        msgspec.structs.replace(each, shadow=True) if _CHECKS.get(each.rule, each.rule) in rules.shadow else each
        for each in findings
    ]


_CHECKS = {
    Rule.ON_AKISMET_FAILURE: Rule.AKISMET,
    Rule.ON_SCREENING_WEBHOOK_FAILURE: Rule.SCREENING_WEBHOOK,
}


def effective(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that have an effect: those that are not in shadow."""
    return [finding for finding in findings if not finding.shadow]


def strictest(findings: Iterable[Finding]) -> Action:
    """Return the strictest action of ``findings`` that have an effect; ``publish`` if there are none."""
    return min((finding.action for finding in effective(findings)), key=STRICTEST.index, default="publish")


def rejecting(findings: Iterable[Finding]) -> Finding | None:
    """Return the first finding that rejects the comment; None if it may be stored."""
    return next((finding for finding in effective(findings) if finding.action == "reject"), None)
