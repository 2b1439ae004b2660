"""Screen a comment when it arrives or is edited: text, reputation and rules in, findings out. Pure."""

from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.reputation_rules import NEW_AUTHOR, Reputation, find_first_timer, is_trusted
from service.conversation.screening.rule_set import (
    REPUTATION_RULES,
    RULES,
    RULES_FOR_UNTRUSTED,
    CompiledRules,
    DraftText,
)
from service.conversation.screening.spam_model import SpamModel, find_spam
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import Mode


def screen_draft(
    draft: DraftText,
    compiled: CompiledRules,
    *,
    mode: Mode,
    reputation: Reputation = NEW_AUTHOR,
    model: SpamModel | None = None,
) -> list[Finding]:
    """Return all findings on a comment in a thread of this ``mode``; the strictest decides the action."""
    found = [find(compiled, draft) for find in RULES]
    if not is_trusted(reputation, compiled.rules):
        found += [find(compiled, draft) for find in RULES_FOR_UNTRUSTED]
        found.append(_find_spam(model, draft, compiled.rules))
    found += [find(reputation, compiled.rules) for find in REPUTATION_RULES]
    found.append(find_first_timer(reputation, mode))
    if mode == "hold":
        found.append(Finding(Rule.MODE, "hold"))
    return [finding for finding in found if finding]


def _find_spam(model: SpamModel | None, draft: DraftText, rules: Rules) -> Finding | None:
    if rules.classifier is None:
        return None
    return find_spam(model, draft, action="spam" if rules.classifier == "spam" else "hold")
