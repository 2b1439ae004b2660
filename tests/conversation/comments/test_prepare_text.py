"""A text is rendered and screened before any lock, by the rules that apply when it is accepted, in bounded steps."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments import prepare_text
from service.conversation.comments.render import render
from service.conversation.screening.fold_text import MAX_EXPANSION
from service.conversation.screening.pattern_finder import MAX_STEPS, PatternFinder, Steps
from service.conversation.screening.rule_set import compile_rules, make_draft_text
from service.conversation.screening.screen_text import TextFindings, screen_text
from service.platform.sites.edit_site import change_rules
from service.platform.sites.site_lookup import read_sites
from service.platform.sites.site_rules import MAX_TERMS, Rules
from service.platform.text.plain_text import clean_text
from tests.builders import ASite, a_comment, a_thread

LENGTH = 10_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LISTS = {
    "one part in many terms": [f"aaaa*xyz{number}" for number in range(MAX_TERMS)],
    "nested": ["a" * length + end for length in range(1, 97) for end in ("", "*z", "b*")],
    "every pair of letters": [f"{one}*{other}" for one in LETTERS for other in LETTERS if one != other],
    "many gaps": ["*".join(LETTERS[start : start + 9] + "0") for start in range(17)],
    "dots": ["." * length + "x" for length in range(1, 99)],
    "phrases": ["\ufdfa" * 40 + str(number) for number in range(500)],
    "suffixes": [f"*{LETTERS[number % 26] * 40}{number}" for number in range(2_000)],
}
BODIES = {
    **{each: each * LENGTH for each in ("a", "a ", "aaaa xyz", ".", "\ufdfa", "\u3316", "é", "각", "⑽", "&", "a\n\n")},
    **{each: each * LENGTH for each in ("+ - > *\n", "> a\n- a\n", "www.a ", "https://a、", "![a](http://b)", "*a_b ")},
    **{each: each * LENGTH for each in ("e\u0301\u0323", "\u202ea", "𝓪", " ".join(LETTERS), "http://a/你 ", "ha")},
    "xyz": "a" * 5_000 + "".join(f" xyz{number}" for number in range(600)),
}


@asynccontextmanager
async def busy_writer(site: ASite, screened: asyncio.Event) -> AsyncIterator[AsyncConnection]:
    """Hold the writer until a text has been screened; old code screens only after it has the writer."""
    async with site.app.state.database.write() as connection:
        yield connection
        await asyncio.wait_for(screened.wait(), 5)


@pytest.fixture
async def screened(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """An event that is set once a text has been screened."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()

    def screen(*given: Any, **named: Any) -> TextFindings:
        try:
            return screen_text(*given, **named)
        finally:
            loop.call_soon_threadsafe(event.set)

    monkeypatch.setattr(prepare_text, "screen_text", screen)
    return event


async def change(site: ASite, connection: AsyncConnection, rules: Rules) -> None:
    found = await site.app.state.gate.sites.find(site.slug)
    await change_rules(connection, (await read_sites(connection, [found.id]))[found.id], rules)


async def test_a_post_is_screened_while_another_has_the_writer(site: ASite, screened: asyncio.Event) -> None:
    thread = await a_thread(site)
    async with busy_writer(site, screened):
        post = asyncio.create_task(thread.post("Well said. " * 200))
    assert (await post).status_code == 201


async def test_an_edit_is_screened_while_another_has_the_writer(site: ASite, screened: asyncio.Event) -> None:
    posted = await a_comment(await a_thread(site))
    screened.clear()
    async with busy_writer(site, screened):
        path, token = f"/comments/{posted['comment']['id']}", posted["author_token"]
        edit = asyncio.create_task(site.call("PATCH", path, by=token, json={"body": "Better said."}))
    assert (await edit).status_code == 200


async def test_a_post_that_waited_obeys_the_rules_of_its_acceptance(site: ASite, screened: asyncio.Event) -> None:
    thread = await a_thread(site)
    async with busy_writer(site, screened) as connection:
        posts = [asyncio.create_task(thread.post(body)) for body in ("A casino.", "A tram.")]
        await change(site, connection, Rules(hold_words=("casino",)))
    assert [(await post).status_code for post in posts] == [202, 201]


async def test_a_post_over_its_rate_limit_is_not_screened(site: ASite, screened: asyncio.Event) -> None:
    await site.set(post_limit_per_reader="1/hour")
    thread = await a_thread(site)
    posted = await a_comment(thread)
    screened.clear()
    assert (await thread.post("Again.", by=posted["author_token"])).status_code == 201
    screened.clear()
    assert (await thread.post("And again.", by=posted["author_token"])).status_code == 429
    assert not screened.is_set()


@pytest.fixture
def steps_taken(monkeypatch: pytest.MonkeyPatch) -> list[Steps]:
    """Every search's steps."""
    made: list[Steps] = []

    def make() -> Steps:
        made.append(Steps())
        return made[-1]

    monkeypatch.setattr("service.conversation.screening.word_rules.Steps", make)
    return made


def test_no_text_at_its_limits_makes_much_work(steps_taken: list[Steps]) -> None:
    prepared = {}
    for name, body in BODIES.items():
        cleaned = clean_text(body[:LENGTH])
        html = render(cleaned)
        draft = make_draft_text(author_name="Ada", author_url=None, body=cleaned, html=html)
        assert len(html) <= 65_000, name
        assert len(draft.folded_body) <= MAX_EXPANSION * LENGTH, name
        assert len(draft.text.marked) <= 3 * MAX_EXPANSION * LENGTH + 10, name
        prepared[name] = draft
    for terms in LISTS.values():
        compiled = compile_rules(Rules(hold_words=tuple(terms), reject_words=tuple(terms[:100])))
        for draft in prepared.values():
            screen_text(draft, compiled)
    assert max(each.taken for each in steps_taken) <= MAX_STEPS + LENGTH * 16


def test_lists_at_their_limits_compile_in_small_automata(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def build(patterns: list[str]) -> Callable[..., None]:
        sizes.append(sum(map(len, patterns)))
        return lambda *_, **__: None

    monkeypatch.setattr("service.conversation.screening.pattern_finder.ahocorasick_rs.AhoCorasick", build)
    PatternFinder(f"{number:05}{'a' * 95}" for number in range(MAX_TERMS))
    assert max(sizes) <= 20_016
