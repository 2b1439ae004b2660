"""What is told of a draft before it reaches its thread, by the page's form and by Akismet, and what that finds. Pure.

Edits are not told of, so these rules judge what arrives and nothing else.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from service.conversation.screening.findings import Action, Finding, Rule
from service.conversation.screening.form_rules import FormSignals, find_fast, find_honeypot
from service.platform.sites.site_rules import Rules

# What Akismet takes a comment for; what it would discard is spam that nobody need look at.
AkismetAnswer = Literal["ham", "spam", "discard"]


class OutsideAnswers(msgspec.Struct, frozen=True):
    """``form`` is None where the page told nothing, ``akismet`` where it was not asked or gave no answer."""

    form: FormSignals | None = None
    akismet: AkismetAnswer | None = None


def judge_told(told: OutsideAnswers, rules: Rules) -> list[Finding]:
    """All that ``rules`` find in what is ``told`` of a draft, in their order."""
    return [finding for find in RULES if (finding := find(told, rules))]


def _find_honeypot(told: OutsideAnswers, rules: Rules) -> Finding | None:
    return find_honeypot(told.form) if told.form and rules.honeypot else None


def _find_fast(told: OutsideAnswers, rules: Rules) -> Finding | None:
    return find_fast(told.form, min_form_seconds=rules.min_form_seconds) if told.form else None


def _find_akismet(told: OutsideAnswers, rules: Rules) -> Finding | None:
    """What Akismet says, as the site takes it; no answer holds, unless the site would rather have it published.

    Where the rule was set after the draft had passed the asking, nobody was asked, and that is no answer either.
    """
    if rules.akismet is None or told.akismet == "ham":
        return None
    if told.akismet is None:
        return Finding(Rule.ON_AKISMET_FAILURE, "hold") if rules.on_akismet_failure == "hold" else None
    action: Action = "spam" if rules.akismet == "spam" else "hold"
    return Finding(Rule.AKISMET, action, "discard" if told.akismet == "discard" else None)


RULES: list[Callable[[OutsideAnswers, Rules], Finding | None]] = [
    # What only programs do.
    _find_honeypot,
    _find_fast,
    # What somebody else has seen on other sites.
    _find_akismet,
]
