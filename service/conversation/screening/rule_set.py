"""All rules on a comment's text and its author's reputation, in the order moderators read their findings. Pure.

A rule takes a comment's text and a site's screen and returns a finding or None. The order does not affect the action:
the strictest finding wins.
"""

from collections.abc import Callable

import msgspec

from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.link_rules import find_domain, find_links, links_in
from service.conversation.screening.reputation_rules import Reputation, find_duplicate, find_flood, find_history
from service.conversation.screening.shape_rules import find_capitals, find_length, find_repeated
from service.conversation.screening.word_rules import Text, WordList, folded_text, spaced
from service.platform.sites.site_rules import Rules


class DraftText(msgspec.Struct):
    """A comment's text in each form that the rules need."""

    author_name: str
    author_url: str | None
    body: str
    text: Text
    hosts: list[str]
    folded_body: str


def make_draft_text(*, author_name: str, author_url: str | None, body: str, html: str) -> DraftText:
    """Prepare ``body``, its rendered ``html`` and the author's name and link for the rules."""
    folded_body = spaced(body)
    text = folded_text(f"{spaced(author_name)} {folded_body}")
    return DraftText(author_name, author_url, body, text, links_in(html, author_url), folded_body)


class Screen(msgspec.Struct):
    """A site's rules, compiled for matching."""

    rules: Rules
    hold_words: WordList
    reject_words: WordList
    allowed_link_domains: frozenset[str]
    reject_link_domains: frozenset[str]


_screens: dict[int, Screen] = {}


def screen_of(site_id: int, rules: Rules) -> Screen:
    """Return the compiled ``rules`` of a site, cached while the ``rules`` object stays the same; one entry per site."""
    screen = _screens.get(site_id)
    if screen is None or screen.rules is not rules:
        screen = _screens[site_id] = make_screen(rules)
    return screen


def make_screen(rules: Rules) -> Screen:
    """Compile ``rules``; ten thousand words take a few milliseconds."""
    words = WordList(rules.hold_words), WordList(rules.reject_words)
    return Screen(rules, *words, frozenset(rules.allowed_link_domains), frozenset(rules.reject_link_domains))


def _find_refused_word(screen: Screen, draft: DraftText) -> Finding | None:
    found = screen.reject_words.first_in(draft.text)
    return Finding(Rule.REJECT_WORDS, "reject", found) if found else None


def _find_refused_domain(screen: Screen, draft: DraftText) -> Finding | None:
    return find_domain(draft.hosts, reject_link_domains=screen.reject_link_domains)


def _find_held_word(screen: Screen, draft: DraftText) -> Finding | None:
    found = screen.hold_words.first_in(draft.text)
    return Finding(Rule.HOLD_WORDS, "hold", found) if found else None


def _find_links(screen: Screen, draft: DraftText) -> Finding | None:
    return find_links(draft.hosts, max_links=screen.rules.max_links, allowed_link_domains=screen.allowed_link_domains)


def _find_length(screen: Screen, draft: DraftText) -> Finding | None:
    return find_length(draft.body, max_length=screen.rules.max_length)


def _find_capitals(screen: Screen, draft: DraftText) -> Finding | None:
    return find_capitals(draft.body, max_percent=screen.rules.max_capitals_percent)


def _find_repeated(screen: Screen, draft: DraftText) -> Finding | None:
    return find_repeated(draft.body, max_run=screen.rules.max_repeated_characters)


RULES: list[Callable[[Screen, DraftText], Finding | None]] = [
    # Never accepted: the author is asked to rephrase.
    _find_refused_word,
    _find_refused_domain,
    # Held for its words.
    _find_held_word,
]
# Held for its links and its shape, unless the author is trusted.
RULES_FOR_UNTRUSTED: list[Callable[[Screen, DraftText], Finding | None]] = [
    _find_links,
    _find_length,
    _find_capitals,
    _find_repeated,
]
# Held or rejected for other recent comments (reputation_rules.py).
REPUTATION_RULES: list[Callable[[Reputation, Rules], Finding | None]] = [
    find_duplicate,
    find_flood,
    find_history,
]
