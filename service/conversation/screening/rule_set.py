"""All rules on a comment's text and its author's reputation, in the order moderators read their findings. Pure.

A rule takes a site's compiled rules and a comment's text, and returns a finding or None. The order does not affect the
action: the strictest finding wins.
"""

from collections.abc import Callable

import msgspec

from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.link_rules import find_links, find_rejected_domain, links_in
from service.conversation.screening.pattern_finder import SearchTooLong
from service.conversation.screening.reputation_rules import Reputation, find_duplicate, find_flood
from service.conversation.screening.shape_rules import find_capitals, find_length, find_repeated
from service.conversation.screening.word_rules import FoldedText, WordList, spaced
from service.platform.sites.site_rules import Rules


class DraftText(msgspec.Struct):
    """A comment's text in each form that the rules need."""

    author_name: str
    author_url: str | None
    body: str
    text: FoldedText
    hosts: list[str]
    folded_body: str


def make_draft_text(*, author_name: str, author_url: str | None, body: str, html: str) -> DraftText:
    """Prepare ``body``, its rendered ``html`` and the author's name and link for the rules."""
    folded_body = spaced(body)
    text = FoldedText(f"{spaced(author_name)} {folded_body}")
    return DraftText(author_name, author_url, body, text, links_in(html, author_url), folded_body)


class CompiledRules(msgspec.Struct):
    """A site's rules, compiled for matching."""

    rules: Rules
    hold_words: WordList
    reject_words: WordList
    allowed_link_domains: frozenset[str]
    reject_link_domains: frozenset[str]


RulesKey = tuple[int, str | None]  # a site, and a section with rules of its own
_compiled: dict[RulesKey, CompiledRules] = {}


def compiled_rules_of(key: RulesKey, rules: Rules) -> CompiledRules:
    """Return the compiled ``rules``, cached under ``key`` while the ``rules`` object stays the same."""
    compiled = _compiled.get(key)
    if compiled is None or compiled.rules is not rules:
        compiled = _compiled[key] = compile_rules(rules)
    return compiled


def is_compiled(key: RulesKey, rules: Rules) -> bool:
    """Whether :func:`compiled_rules_of` has them at once."""
    compiled = _compiled.get(key)
    return compiled is not None and compiled.rules is rules


def compile_rules(rules: Rules) -> CompiledRules:
    """Compile ``rules``; ten thousand words take some 50 ms, ten thousand long terms in some scripts seconds."""
    words = WordList(rules.hold_words), WordList(rules.reject_words)
    return CompiledRules(rules, *words, frozenset(rules.allowed_link_domains), frozenset(rules.reject_link_domains))


def _find_reject_word(compiled: CompiledRules, draft: DraftText) -> Finding | None:
    return _find_word(compiled.reject_words, draft, Finding(Rule.REJECT_WORDS, "reject"))


def _find_reject_domain(compiled: CompiledRules, draft: DraftText) -> Finding | None:
    return find_rejected_domain(draft.hosts, reject_link_domains=compiled.reject_link_domains)


def _find_hold_word(compiled: CompiledRules, draft: DraftText) -> Finding | None:
    return _find_word(compiled.hold_words, draft, Finding(Rule.HOLD_WORDS, "hold"))


def _find_word(words: WordList, draft: DraftText, finding: Finding) -> Finding | None:
    """Find a word of a list; a text that takes too long to search waits for a moderator."""
    try:
        found = words.first_in(draft.text)
    except SearchTooLong:
        return msgspec.structs.replace(finding, action="hold")
    return msgspec.structs.replace(finding, matched=found) if found else None


def _find_links(compiled: CompiledRules, draft: DraftText) -> Finding | None:
    return find_links(
        draft.hosts, max_links=compiled.rules.max_links, allowed_link_domains=compiled.allowed_link_domains
    )


def _find_length(compiled: CompiledRules, draft: DraftText) -> Finding | None:
    return find_length(draft.body, max_length=compiled.rules.max_length)


def _find_capitals(compiled: CompiledRules, draft: DraftText) -> Finding | None:
    return find_capitals(draft.body, max_percent=compiled.rules.max_capitals_percent)


def _find_repeated(compiled: CompiledRules, draft: DraftText) -> Finding | None:
    return find_repeated(draft.body, max_run=compiled.rules.max_repeated_characters)


RULES: list[Callable[[CompiledRules, DraftText], Finding | None]] = [
    # Never accepted: the author is asked to rephrase.
    _find_reject_word,
    _find_reject_domain,
    # Held for its words.
    _find_hold_word,
]
# Held for its links and its shape, unless the author is trusted.
RULES_FOR_UNTRUSTED: list[Callable[[CompiledRules, DraftText], Finding | None]] = [
    _find_links,
    _find_length,
    _find_capitals,
    _find_repeated,
]
# Held or rejected for other recent comments (reputation_rules.py), also if the author is trusted.
REPUTATION_RULES: list[Callable[[Reputation, Rules], Finding | None]] = [
    find_duplicate,
    find_flood,
]
