"""The action on a comment as it arrives or is edited. Pure: what was said, what was before, and the rules in."""

from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.reputation_rules import STRANGER, Reputation, find_first_timer, is_trusted
from service.conversation.screening.rule_set import RULES, RULES_FOR_STRANGERS, RULES_OF_STANDING, DraftText, Screen
from service.conversation.screening.spam_model import SpamModel, find_spam
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import Mode


def judge(
    said: DraftText, screen: Screen, *, mode: Mode, standing: Reputation = STRANGER, model: SpamModel | None = None
) -> list[Finding]:
    """All that is found against a comment in a thread that takes comments in this ``mode``; the strictest counts."""
    found = [find(screen, said) for find in RULES]
    if not is_trusted(standing, screen.rules):
        found += [find(screen, said) for find in RULES_FOR_STRANGERS]
        found.append(_find_resemblance(model, said, screen.rules))
    found += [find(standing, screen.rules) for find in RULES_OF_STANDING]
    found.append(find_first_timer(standing, mode))
    if mode == "hold":
        found.append(Finding(Rule.MODE, "hold"))
    return [finding for finding in found if finding]


def _find_resemblance(model: SpamModel | None, said: DraftText, rules: Rules) -> Finding | None:
    if rules.classifier is None:
        return None
    return find_spam(model, said, action="spam" if rules.classifier == "spam" else "hold")
