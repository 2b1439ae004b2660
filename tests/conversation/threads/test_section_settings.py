"""Settings of a section: they apply to its threads, in SQL and in code, and nowhere else."""

from datetime import timedelta

import pytest

from service.platform.sites.assign_settings import InvalidSetting, assign_settings
from service.platform.sites.site_settings import SiteSettings
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread

ALL = ("fast", "never", "other", "x")
RULES: Json = {"max_links": 0, "hold_words": ["casino"], "max_per_minute_per_reader": 1}


async def set_sections(site: ASite, **sections: Json) -> Json:
    response = await site.call("PATCH", "/settings", by="admin", json={"sections": sections})
    assert response.status_code == 200, response.text
    found: Json = response.json()["sections"]
    return found


async def state_of(thread: AThread, body: str, **given: str) -> str:
    state: str = (await a_comment(thread, body=body, **given))["comment"]["state"]
    return state


async def test_the_mode_and_rules_of_a_section_apply_to_its_threads_only(site: ASite) -> None:
    await site.set(mode="publish")
    strict: Json = {"rules": {"reject_words": ["tram"]}}
    sections: dict[str, Json] = {"sport": {"mode": "hold"}, "city": {"rules": RULES}, "strict": strict}
    assert await set_sections(site, **sections) == sections
    sport, own = await a_thread(site, section="sport"), await a_thread(site, section="sport", mode="publish")
    city, other, none = await a_thread(site, section="city"), await a_thread(site, section="x"), await a_thread(site)
    states = [await state_of(each, "Hello") for each in (sport, own, city, other, none)]
    assert states == ["pending", *["published"] * 4]
    for body in ("https://gazette.example", "casino"):
        assert [await state_of(each, body) for each in (city, other)] == ["pending", "published"], body
    author = (await a_comment(city, body="One"))["author_token"]
    assert await state_of(city, "Two", by=author) == "pending"
    assert await state_of(other, "Three", by=author) == "published"
    posted, path = {"body": "A tram", "author": {"name": "Jo"}}, (await a_thread(site, section="strict")).path
    refused = await site.call("POST", f"{path}/comments", json=posted)
    assert (refused.status_code, refused.json()["rule"]) == (422, "reject_words")
    assert await state_of(city, "A tram") == "published"


async def test_a_comment_is_screened_by_the_rules_of_the_section_that_its_article_is_in_by_then(site: ASite) -> None:
    await set_sections(site, city={"rules": RULES})
    thread = await a_thread(site)
    posted = await a_comment(thread, body="casino")
    assert posted["comment"]["state"] == "published"
    await site.call("PUT", thread.path, by="host", json={"section": "city"})
    assert await state_of(thread, "casino") == "pending"
    edit = {"body": "casinos, casino"}
    path = f"/comments/{posted['comment']['id']}"
    edited = await site.call("PATCH", path, by=posted["author_token"], json=edit)
    assert edited.json()["state"] == "pending"
    await set_sections(site)
    assert await state_of(thread, "casino") == "published"


async def test_a_post_is_screened_again_if_its_article_moves_meanwhile(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_sections(site, city={"rules": RULES})
    thread = await a_thread(site, section="city")

    async def find_no_section(*_: object) -> None:
        """Return the section before the article moved."""

    monkeypatch.setattr("service.conversation.threads.article_sections.find_section", find_no_section)
    assert await state_of(thread, "casino") == "pending"


async def test_the_closing_days_of_a_section_close_its_threads(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=7)
    await set_sections(site, fast={"close_after_days": 1}, never={"close_after_days": None}, other={"mode": "hold"})
    at = the_clock.instant.isoformat()
    for section in ALL:
        await a_thread(site, article=section, section=section, published_at=at)
    for days, closed in ((0.5, []), (1, ["fast"]), (6, ["fast", "other", "x"])):
        the_clock.instant += timedelta(days=days)
        for sweeps in (False, True):
            for state in ("closed", "open"):
                found = (await site.call("GET", "/threads", by="host", params={"state": state})).json()["threads"]
                expected = [each for each in ALL if (each in closed) == (state == "closed")]
                assert [thread["article"] for thread in found] == expected
            if sweeps:
                await site.sweep()
        states = [(await site.call("GET", f"/threads/{each}")).json()["state"] for each in closed]
        assert states == ["closed"] * len(closed)


async def test_invalid_settings_of_a_section_are_refused(site: ASite) -> None:
    for sections, pointer in (
        ({"a": {"mode": "shut"}}, "/sections"),
        ({"a": {"max_depth": 3}}, "/sections"),
        ({"a": {"close_after_days": -1}}, "/sections"),
        ({"a": {"rules": {"akismet": "hold"}}}, "/sections"),
        ({"a/b": {"rules": {"hold_words": ["*"]}}}, "/sections/a~1b/rules/hold_words/0"),
        ({"a": {"rules": {"reject_link_domains": ["no domain"]}}}, "/sections/a/rules/reject_link_domains/0"),
        ({"\u200b": {}}, "/sections/\u200b"),
        ({"city": {"mode": "hold"}, "city ": {"mode": "publish"}}, "/sections/city "),
        ([], "/sections"),
    ):
        refused = await site.call("PATCH", "/settings", by="admin", json={"sections": sections})
        assert (refused.status_code, refused.json().get("pointer")) == (422, pointer), refused.text


def test_the_command_line_takes_sections_as_json() -> None:
    assigned = 'sections={"a": {"rules": {"allowed_link_domains": ["ПРИМЕР.рф"]}}}'
    changed = assign_settings(SiteSettings(), (assigned,), allow_http=False)
    rules = changed.sections["a"].rules
    assert rules.allowed_link_domains == ("xn--e1afmkfd.xn--p1ai",)  # type: ignore[union-attr]  # made from Rules
    for value, reason in (
        ("{", "the JSON is malformed"),
        ('{"a": 1}', "sections"),
        ('{"a": {"rules": {"hold_words": ["*"]}}}', "sections/a/rules/hold_words/0"),
    ):
        with pytest.raises(InvalidSetting, match=reason):
            assign_settings(SiteSettings(), (f"sections={value}",), allow_http=False)
