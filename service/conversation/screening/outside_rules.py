"""Rules on data from outside the text: the page's form and Akismet. Pure.

Edits carry no such data, so these rules apply only when a comment arrives.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from service.conversation.screening.findings import Action, Finding, Rule
from service.conversation.screening.form_rules import FormSignals, find_fast, find_honeypot
from service.platform.sites.site_rules import Rules

# Akismet's answer; “discard” is blatant spam that needs no review.
AkismetAnswer = Literal["ham", "spam", "discard"]


class OutsideAnswers(msgspec.Struct, frozen=True):
    """``form`` is None without a form; ``akismet`` is None if Akismet was not called or gave no answer."""

    form: FormSignals | None = None
    akismet: AkismetAnswer | None = None


def screen_outside_answers(answers: OutsideAnswers, rules: Rules) -> list[Finding]:
    """Return the findings of all outside rules on ``answers``, in the order of :data:`RULES`."""
    return [finding for find in RULES if (finding := find(answers, rules))]


def _find_honeypot(answers: OutsideAnswers, rules: Rules) -> Finding | None:
    return find_honeypot(answers.form) if answers.form and rules.honeypot else None


def _find_fast(answers: OutsideAnswers, rules: Rules) -> Finding | None:
    return find_fast(answers.form, min_form_seconds=rules.min_form_seconds) if answers.form else None


def _find_akismet(answers: OutsideAnswers, rules: Rules) -> Finding | None:
    """Turn Akismet's answer into a finding; without an answer ``on_akismet_failure`` decides.

    If the rule was switched on after the draft passed the Akismet check, that also counts as no answer.
    """
    if rules.akismet is None or answers.akismet == "ham":
        return None
    if answers.akismet is None:
        return Finding(Rule.ON_AKISMET_FAILURE, "hold") if rules.on_akismet_failure == "hold" else None
    action: Action = "spam" if rules.akismet == "spam" else "hold"
    return Finding(Rule.AKISMET, action, "discard" if answers.akismet == "discard" else None)


RULES: list[Callable[[OutsideAnswers, Rules], Finding | None]] = [
    # Signs of a program.
    _find_honeypot,
    _find_fast,
    # Experience from other sites.
    _find_akismet,
]
