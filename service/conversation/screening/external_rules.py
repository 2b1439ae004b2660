"""Rules on external signals: the page's form, the names of staff, Akismet and the screening webhook. Pure.

An edit has no form, and Akismet is not asked about it; the screening webhook is.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from service.conversation.screening.findings import Action, Finding, Rule, with_shadow
from service.conversation.screening.form_rules import FormSignals, find_fast_form, find_honeypot
from service.platform.sites.site_rules import Rules

# Akismet's answer; “discard” is blatant spam that needs no review.
AkismetAnswer = Literal["ham", "spam", "discard"]


class ExternalSignals(msgspec.Struct, frozen=True):
    """``form`` is None without a form; ``akismet`` and ``webhook`` are None if they were not called or did not answer.

    ``webhook`` has the findings of the screening webhook, ``staff_name`` the name of a guest who signs as a member of
    the staff.
    """

    form: FormSignals | None = None
    akismet: AkismetAnswer | None = None
    webhook: tuple[Finding, ...] | None = None
    staff_name: str | None = None


def screen_external_signals(signals: ExternalSignals, rules: Rules) -> list[Finding]:
    """Return the findings of all external rules on ``signals``, in the order of :data:`RULES`."""
    found = [finding for find in RULES if (finding := find(signals, rules))]
    return with_shadow(found, rules) + screen_webhook(signals.webhook, rules)


def screen_webhook(answer: tuple[Finding, ...] | None, rules: Rules) -> list[Finding]:
    """Return the findings of the screening webhook; without an answer ``on_screening_webhook_failure`` decides."""
    if not rules.screening_webhook:
        return []
    if answer is not None:
        return with_shadow([*answer], rules)
    held = rules.on_screening_webhook_failure == "hold"
    return with_shadow([Finding(Rule.ON_SCREENING_WEBHOOK_FAILURE, "hold")] if held else [], rules)


def _find_honeypot(signals: ExternalSignals, rules: Rules) -> Finding | None:
    return find_honeypot(signals.form) if signals.form and rules.honeypot else None


def _find_fast_form(signals: ExternalSignals, rules: Rules) -> Finding | None:
    return find_fast_form(signals.form, min_form_seconds=rules.min_form_seconds) if signals.form else None


def _find_staff_name(signals: ExternalSignals, rules: Rules) -> Finding | None:
    return Finding(Rule.STAFF_NAME, "hold", signals.staff_name) if rules.staff_name and signals.staff_name else None


def _find_akismet(signals: ExternalSignals, rules: Rules) -> Finding | None:
    """Turn Akismet's answer into a finding; without an answer ``on_akismet_failure`` decides.

    If the rule was switched on after the draft passed the Akismet check, that also counts as no answer.
    """
    if rules.akismet is None or signals.akismet == "ham":
        return None
    if signals.akismet is None:
        return Finding(Rule.ON_AKISMET_FAILURE, "hold") if rules.on_akismet_failure == "hold" else None
    action: Action = "spam" if rules.akismet == "spam" else "hold"
    return Finding(Rule.AKISMET, action, "discard" if signals.akismet == "discard" else None)


RULES: list[Callable[[ExternalSignals, Rules], Finding | None]] = [
    # Signs of a program.
    _find_honeypot,
    _find_fast_form,
    # A name that readers would trust.
    _find_staff_name,
    # Experience from other sites.
    _find_akismet,
]
