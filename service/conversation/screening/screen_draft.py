"""Screen a comment when it arrives or is edited: text, reputation and rules in, findings out. Pure."""

from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.reputation_rules import STRANGER, Reputation, find_first_timer, is_trusted
from service.conversation.screening.rule_set import RULES, RULES_FOR_STRANGERS, RULES_OF_STANDING, DraftText, Screen
from service.conversation.screening.spam_model import SpamModel, find_spam
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import Mode


def judge(
    said: DraftText, screen: Screen, *, mode: Mode, standing: Reputation = STRANGER, model: SpamModel | None = None
) -> list[Finding]:
    """Return all findings on a comment in a thread of this ``mode``; the strictest decides the action."""
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
