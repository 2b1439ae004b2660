"""Screen a comment when it arrives or is edited: text, reputation and rules in, findings out. Pure.

The rules on text are most of the work and need no lock, so they come first. The rules on reputation follow in the
transaction that writes the comment.
"""

import msgspec

from service.conversation.screening.findings import Finding, Rule, with_shadow
from service.conversation.screening.reputation_rules import (
    NEW_AUTHOR,
    Reputation,
    Trust,
    find_first_timer,
    find_held_reader,
    find_rejected_author,
    is_trusted,
)
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


class TextFindings(msgspec.Struct, frozen=True):
    """The findings of ``rules`` on a text: on every author's, and on that of an author who is not trusted."""

    rules: Rules
    on_all: tuple[Finding, ...] = ()
    on_untrusted: tuple[Finding, ...] = ()


def screen_text(draft: DraftText, compiled: CompiledRules, *, model: SpamModel | None = None) -> TextFindings:
    """Return what the rules on text find, the spam filter included."""
    on_all = (find(compiled, draft) for find in RULES)
    on_untrusted = [*(find(compiled, draft) for find in RULES_FOR_UNTRUSTED), _find_spam(model, draft, compiled.rules)]
    return TextFindings(compiled.rules, tuple(filter(None, on_all)), tuple(filter(None, on_untrusted)))


def screen_author(
    text: TextFindings, *, mode: Mode, reputation: Reputation = NEW_AUTHOR, trust: Trust | None = None
) -> list[Finding]:
    """Return all findings on a comment in a thread of this ``mode``; the strictest decides the action.

    ``trust`` is what moderators decided about the author: whom they trust needs no record of published comments.
    """
    rules = text.rules
    found: list[Finding | None] = [*text.on_all]
    if trust != "trusted" and not is_trusted(reputation, rules):
        found += text.on_untrusted
    found += [find(reputation, rules) for find in REPUTATION_RULES]
    if trust != "trusted":
        found += [find_rejected_author(reputation, rules), find_first_timer(reputation, mode)]
    found.append(find_held_reader(trust))
    if mode == "hold":
        found.append(Finding(Rule.MODE, "hold"))
    return with_shadow([finding for finding in found if finding], rules)


def _find_spam(model: SpamModel | None, draft: DraftText, rules: Rules) -> Finding | None:
    if rules.classifier is None:
        return None
    return find_spam(model, draft, action="spam" if rules.classifier == "spam" else "hold")
