"""The match of a finding is marked in the text as written, however it was disguised."""

from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.matched_text import MAX_MARKS, SearchableText, find_match
from service.conversation.screening.rule_set import compile_rules, make_draft_text
from service.conversation.screening.screen_text import screen_author, screen_text
from service.platform.sites.site_rules import Rules

# A term, a text, and the parts of it that are marked.
EXAMPLES = [
    ("casino", "The casino, the CASINO.", ["casino", "CASINO"]),
    ("casino", "  Line\n\n one:\tC\u00c1SIN\u00d8 casinos", ["C\u00c1SIN\u00d8"]),
    ("casino*", "Casinos!", ["Casinos"]),
    ("*bet*", "alphabetical", ["betical"]),
    ("buy now", "Please buy\n  now: buy nowhere", ["buy\n  now"]),
    ("v*gra", "v1agra, vi-agra, VIIAGRA", ["v1agra", "VIIAGRA"]),
    ("casino", "c\u200ba\u0301s\u200bino ¨ \u200b casino", ["c\u200ba\u0301s\u200bino", "casino"]),
    ("казино", "В КАЗИНО!", ["КАЗИНО"]),
    ("赌场", "欢迎来到赌场吧，赌场。", ["赌场", "赌场"]),
    ("ｃａｓｉｎｏ", "the casino", ["casino"]),
    ("casino", "nothing here", []),
]


def marked(finding: Finding, text: str) -> list[str]:
    return [text[span.start : span.end] for span in find_match(finding, SearchableText(text))]


def test_terms_are_marked_as_written() -> None:
    for term, text, expected in EXAMPLES:
        assert marked(Finding(Rule.HOLD_WORDS, "hold", term), text) == expected, term


def test_what_the_rules_find_is_marked() -> None:
    for term, text, expected in EXAMPLES:
        draft = make_draft_text(author_name="Ada", author_url=None, body=text, html="")
        found = screen_author(screen_text(draft, compile_rules(Rules(hold_words=(term,)))), mode="publish")
        assert bool(found) == bool(expected), term


def test_hosts_and_repeated_characters_are_marked_and_numbers_are_not() -> None:
    link = Finding(Rule.REJECT_LINK_DOMAINS, "reject", "pills.example")
    assert marked(link, "[here](https://PILLS.example/a)") == ["PILLS.example"]
    assert marked(Finding(Rule.MAX_REPEATED, "hold", "o × 7"), "Nooooooo!") == ["ooooooo"]
    assert marked(Finding(Rule.MAX_LINKS, "hold", "2"), "2 links") == []
    assert marked(Finding(Rule.HOLD_WORDS, "hold", None), "A casino.") == []


def test_a_long_text_is_searched_in_a_bounded_number_of_steps() -> None:
    for text, term in (("a" * 10_000, "a*" * 49 + "b"), ("日" * 10_000, "日"), ("a\u0301 " * 3_333, "a")):
        assert len(marked(Finding(Rule.HOLD_WORDS, "hold", term), text)) in {0, MAX_MARKS}
