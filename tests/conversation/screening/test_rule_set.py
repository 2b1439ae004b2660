"""Each rule finds violations of its setting, the finding names them, and the strictest action wins."""

from typing import Any

import pytest

from service.conversation.comments.render import render
from service.conversation.screening.findings import Finding, Rule, strictest
from service.conversation.screening.rule_set import compile_rules, compiled_rules_of, make_draft_text
from service.conversation.screening.screen_text import screen_author, screen_text
from service.platform.sites.site_rules import PRESETS, Rules

LINK = "https://pills.example/cheap"


def findings_of(body: str, *, name: str = "Ada", url: str | None = None, **rules: Any) -> list[Finding]:
    draft = make_draft_text(author_name=name, author_url=url, body=body, html=render(body))
    return screen_author(screen_text(draft, compile_rules(Rules(**rules))), mode="publish")


@pytest.mark.parametrize("body", ["Well said.", "x" * 10_000, "A" * 100, f"{LINK} " * 50])
def test_a_site_without_rules_finds_nothing(body: str) -> None:
    assert findings_of(body) == []


EXAMPLES = [
    ("The Casino!", {"hold_words": ("casino",)}, "hold_words", "hold", "casino"),
    ("The Casino!", {"reject_words": ("Cas*no",)}, "reject_words", "reject", "Cas*no"),
    (f"{LINK} {LINK}", {"max_links": 1}, "max_links", "hold", "2"),
    (f"[here]({LINK})", {"reject_link_domains": ("example",)}, "reject_link_domains", "reject", "pills.example"),
    ("x" * 11, {"max_length": 10}, "max_length", "hold", "11"),
    ("THIS IS ALL VERY LOUD here", {"max_capitals_percent": 70}, "max_capitals", "hold", "80 %"),
    ("Nooooooo!", {"max_repeated_characters": 6}, "max_repeated", "hold", "o × 7"),
]
# Their findings depend on more than the text; other tests have examples.
BEYOND_THE_TEXT = {
    Rule.MODE,
    Rule.HOLD_FIRST_TIMERS,
    Rule.HOLD_READER,
    Rule.DUPLICATES,
    Rule.MAX_PER_MINUTE,
    Rule.MAX_REJECTED,
    Rule.HONEYPOT,
    Rule.MIN_FORM_SECONDS,
    Rule.STAFF_NAME,
    Rule.AKISMET,
    Rule.ON_AKISMET_FAILURE,
    Rule.SCREENING_WEBHOOK,
    Rule.ON_SCREENING_WEBHOOK_FAILURE,
    Rule.CLASSIFIER,
    Rule.REPORT_THRESHOLD,
    Rule.APPEAL,
}


def test_every_rule_on_the_text_has_an_example() -> None:
    assert {rule for _, _, rule, _, _ in EXAMPLES} == set(Rule) - BEYOND_THE_TEXT


@pytest.mark.parametrize(("body", "rules", "rule", "action", "matched"), EXAMPLES)
def test_a_finding_names_its_rule_action_and_match(
    body: str, rules: dict[str, Any], rule: str, action: str, matched: str
) -> None:
    [finding] = findings_of(body, **rules)
    assert (finding.rule, finding.action, finding.matched) == (rule, action, matched)


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (f"{LINK} {LINK}", {"max_links": 2}),
        (f"{LINK} {LINK}", {"max_links": 0, "allowed_link_domains": ("pills.example",)}),
        (f"`{LINK}`", {"max_links": 0}),
        (LINK, {"reject_link_domains": ("ills.example", "cheap.pills.example")}),
        ("x" * 10, {"max_length": 10}),
        ("NATO", {"max_capitals_percent": 50}),
        ("ТАК ГОВОРЯТ ТЕ, кто не слышал", {"max_capitals_percent": 60}),
        ("日本語" * 20, {"max_capitals_percent": 1}),
        ("so     much   space", {"max_repeated_characters": 2}),
    ],
)
def test_a_comment_within_the_limits_has_no_finding(body: str, rules: dict[str, Any]) -> None:
    assert findings_of(body, **rules) == []


def test_the_author_name_and_link_are_checked() -> None:
    assert findings_of("Hello.", name="Best Casino", hold_words=("casino",))
    assert findings_of("Hello.", url=LINK, reject_link_domains=("pills.example",))


def test_all_findings_are_returned_and_the_strictest_wins() -> None:
    found = findings_of(f"CASINO CASINO CASINO {LINK}", hold_words=("casino",), reject_link_domains=("pills.example",))
    assert [finding.rule for finding in found] == [Rule.REJECT_LINK_DOMAINS, Rule.HOLD_WORDS]
    assert strictest(found) == "reject"
    assert strictest(found[1:]) == "hold"
    assert strictest([]) == "publish"


def test_a_thread_in_mode_hold_has_a_finding() -> None:
    draft = make_draft_text(author_name="Ada", author_url=None, body="Hello.", html="<p>Hello.</p>")
    assert screen_author(screen_text(draft, compile_rules(Rules())), mode="hold") == [Finding(Rule.MODE, "hold")]


def test_the_same_rules_are_compiled_once() -> None:
    rules, others = Rules(hold_words=("a",)), Rules(hold_words=("b",))
    assert compiled_rules_of((1, None), rules) is compiled_rules_of((1, None), rules)
    assert compiled_rules_of((1, None), others).rules is others
    assert compiled_rules_of((2, None), others) is not compiled_rules_of((1, None), others)


def test_the_newsroom_preset_passes_a_usual_comment() -> None:
    compiled = compile_rules(PRESETS["newsroom"])
    body = "I read this twice, and NATO did not answer. See https://gazette.example/a for why… Really?!!"
    draft = make_draft_text(author_name="Ada", author_url=None, body=body, html=render(body))
    assert screen_author(screen_text(draft, compiled), mode="publish") == []
