"""The rules in the desk: read, changed, tried, exported, and what each did."""

import re
import tomllib
from typing import Any, get_args

import pytest

from service.conversation.screening.findings import Rule
from service.desk.administration.rules_page import FINDINGS, GROUPS, LISTS, MAX_INLINE
from service.desk.frame.desk_messages import FOLDER
from service.moderation.rules import try_rules
from service.platform.sites.site_rules import Rules, ShadowRule
from tests.builders import ASite, a_comment, a_thread, decide, set_rules
from tests.desk.a_desk_client import ADesk, sign_in, text_of
from tests.desk.form_of_page import form_of

WRONG: list[tuple[str, Any]] = [
    ("max_links", "many"),
    ("max_links", "101"),
    ("report_threshold", ""),
    ("allowed_link_domains", "example.org\nno domain"),
    ("hold_words", "fine\n*"),
    ("hold_words", "x" * 101),
    ("duplicates", "eat"),
    ("shadow", ["none"]),
    ("akismet_blog", "no address"),
]


async def rules_of(site: ASite) -> dict[str, Any]:
    read: dict[str, Any] = (await site.call("GET", "/rules", by="moderator")).json()
    return read


async def filled(desk: ADesk, path: str = "rules", **changes: Any) -> list[tuple[str, str]]:
    """The fields of the form at ``path`` with ``changes``; None clears a field or a box."""
    return form_of((await desk.get(path)).text, "rules", **changes)


def test_every_rule_is_in_a_group_and_has_a_sentence() -> None:
    names = {name for names in GROUPS.values() for name in names} | {"shadow"}
    assert names == {*Rules.__struct_fields__}
    assert {*tomllib.loads((FOLDER / "en.toml").read_text())["rule_help"]} == names
    findings = {FINDINGS.get(name, name) for name in names}
    assert findings >= {*get_args(ShadowRule)}
    assert {*FINDINGS.values()} <= {rule.value for rule in Rule}


async def test_a_moderator_changes_rules_and_the_change_is_logged(site: ASite) -> None:
    desk = await sign_in(site)
    fields = await filled(
        desk,
        hold_words="swindle\n  crook \n\nswindle\n",
        max_links="3",
        duplicates="reject",
        honeypot="on",
        allowed_link_domains="Example.ORG",
        shadow=["hold_words", "max_links"],
    )
    page = await desk.follow(await desk.send("rules", [*fields, ("do", "save")]))
    assert "Saved. The rules apply to comments from now on." in text_of(page)
    rules = await rules_of(site)
    assert rules["hold_words"] == ["swindle", "crook"]
    assert (rules["max_links"], rules["duplicates"], rules["honeypot"]) == (3, "reject", True)
    assert rules["allowed_link_domains"] == ["example.org"]
    assert rules["shadow"] == ["hold_words", "max_links"]
    assert rules["explain_to_author"] is True
    [decision] = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert (decision["action"], decision["decided_by"]["name"]) == ("rules", "Maria")
    assert "max_links" in decision["reason"]


async def test_the_form_without_changes_changes_nothing(site: ASite) -> None:
    await set_rules(
        site, hold_words=["a b", "ü"], max_links=0, classifier="spam", staff_name=True, shadow=["classifier"]
    )
    before = await rules_of(site)
    desk = await sign_in(site)
    await desk.follow(await desk.send("rules", await filled(desk)))
    assert await rules_of(site) == before


async def test_a_field_that_is_wrong_is_marked_and_nothing_is_lost_or_saved(site: ASite) -> None:
    desk = await sign_in(site)
    for name, wrong in WRONG:
        fields = await filled(desk, max_length="77", **{name: wrong})
        for do in ("save", "try"):
            page = await desk.send("rules", [*fields, ("do", do)])
            assert page.status_code == 422, (name, wrong)
            assert 'value="77"' in page.text
            if name != "shadow":
                marked = re.search(rf'name="{name}"[^>]*aria-describedby="([^"]*)" aria-invalid="true"', page.text)
                assert marked, (name, wrong)
                assert all(f'id="{each}"' in page.text for each in marked[1].split())
    assert (await rules_of(site))["max_length"] is None


async def test_rules_are_tried_before_they_are_saved(site: ASite) -> None:
    thread = await a_thread(site)
    for number in range(3):
        await a_comment(thread, f"A swindle, {number}.")
    await a_comment(thread, "Fine.")
    desk = await sign_in(site)
    page = await desk.send("rules", [*await filled(desk, hold_words="swindle"), ("do", "try")])
    assert page.status_code == 200
    assert "Tried on comments: 4. Nothing is saved yet." in text_of(page)
    assert re.search(r"Hold 0 3", text_of(page))
    assert "A swindle, 2." in text_of(page)
    assert ">\nswindle</textarea>" in page.text
    assert (await rules_of(site))["hold_words"] == []


async def test_the_rules_of_a_section_are_tried_on_its_comments(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(try_rules, "SEARCHED_AT_ONCE", 2)
    monkeypatch.setattr(try_rules, "BATCH", 2)
    sport, politics = await a_thread(site, section="sport"), await a_thread(site, section="politics")
    for number in range(3):
        await a_comment(sport, f"A goal, {number}, http://a.example/ http://b.example/")
        await a_comment(politics, f"A vote, {number}, http://a.example/ http://b.example/")
    await set_rules(site, max_links=1)
    own = {"sport": {"rules": {"max_links": 9}}}
    assert (await site.call("PATCH", "/settings", by="admin", json={"sections": own})).status_code == 200
    admin = await sign_in(site, "Ada", role="admin")
    fields = await filled(admin, "rules?section=sport", hold_words="goal, 1", differs=["max_links", "hold_words"])
    page = await admin.send("rules", [*fields, ("do", "try")])
    words = text_of(page)
    assert "Tried on comments: 3." in words and "Publish 3 2" in words and "Hold 0 1" in words
    assert "A goal, 1" in words and "A vote" not in words
    as_at_the_site = await filled(admin, "rules?section=sport", differs=None)
    page = await admin.send("rules", [*as_at_the_site, ("do", "try")])
    assert "Hold 0 3" in text_of(page)
    settings = (await site.call("GET", "/settings", by="admin")).json()
    assert settings["sections"] == own
    monkeypatch.setattr(try_rules, "MAX_SEARCHED", 2)
    page = await admin.send("rules", [*as_at_the_site, ("do", "try")])
    assert "Tried on comments: 1." in text_of(page)


async def test_rules_that_somebody_else_changed_meanwhile_are_not_overwritten(site: ASite) -> None:
    desk, other = await sign_in(site), await sign_in(site, "Otto")
    mine, theirs = await filled(desk, max_links="1"), await filled(other, max_length="99")
    await other.follow(await other.send("rules", theirs))
    page = await desk.send("rules", mine)
    assert page.status_code == 409
    assert "Somebody else has saved changes" in text_of(page)
    rules = await rules_of(site)
    assert (rules["max_links"], rules["max_length"]) == (None, 99)
    await desk.follow(await desk.send("rules", form_of(page.text, "rules")))
    assert (await rules_of(site))["max_links"] == 1


async def test_a_long_list_has_a_form_of_its_own(site: ASite) -> None:
    words = [f"word {number}" for number in range(MAX_INLINE + 1)]
    await set_rules(site, hold_words=words, max_links=2, shadow=["hold_words"])
    desk = await sign_in(site)
    page = await desk.get("rules")
    assert "Entries: 301" in text_of(page)
    assert "word 17" not in page.text
    await desk.follow(await desk.send("rules", await filled(desk, max_links="4")))
    assert (await rules_of(site))["hold_words"] == words
    assert (await rules_of(site))["shadow"] == ["hold_words"]
    fields = await filled(desk, "rules?list=hold_words", hold_words="one")
    await desk.follow(await desk.send("rules", fields))
    rules = await rules_of(site)
    assert (rules["hold_words"], rules["max_links"]) == (["one"], 4)


async def test_lists_are_exported_as_text(site: ASite) -> None:
    await set_rules(site, reject_words=["übel", "two words"], reject_link_domains=["a.example"])
    desk = await sign_in(site)
    for name in LISTS:
        sent = await desk.get(f"rules/words.txt?list={name}")
        assert sent.headers["content-type"].startswith("text/plain")
        assert "attachment" in sent.headers["content-disposition"]
        assert sent.text.splitlines() == (await rules_of(site))[name]
    assert (await desk.get("rules/words.txt?list=max_links")).status_code == 422


async def test_an_admin_changes_the_rules_of_a_section(site: ASite) -> None:
    await set_rules(site, max_links=5, hold_words=["swindle"])
    admin = await sign_in(site, "Ada", role="admin")
    fields = await filled(admin, "rules?section=a/b~c", max_links="0", max_length="50", differs=["max_links", "shadow"])
    page = await admin.follow(await admin.send("rules", fields))
    assert "Saved." in text_of(page)
    settings = (await site.call("GET", "/settings", by="admin")).json()
    assert settings["sections"] == {"a/b~c": {"rules": {"max_links": 0, "shadow": []}}}
    fields = await filled(admin, "rules?section=a/b~c", differs=None)
    await admin.follow(await admin.send("rules", fields))
    assert (await site.call("GET", "/settings", by="admin")).json()["sections"] == {}
    wrong = await filled(admin, "rules?section=city", max_links="x", differs=["max_links"])
    assert (await admin.send("rules", wrong)).status_code == 422
    moderator = await sign_in(site)
    assert (await moderator.get("rules?section=city")).status_code == 403
    assert (await moderator.send("rules", fields)).status_code == 403


async def test_a_moderator_of_sections_only_reads_the_rules(site: ASite) -> None:
    await set_rules(site, max_links=5)
    desk = await sign_in(site, sections=("sport",))
    page = await desk.get("rules")
    assert "You moderate some sections only." in text_of(page)
    assert 'value="save"' not in page.text
    assert (await desk.send("rules", form_of(page.text, "rules"))).status_code == 403
    assert (await desk.get("rules/agreement?rule=max_links")).status_code == 403


async def test_each_rule_shows_what_it_did_and_whether_moderators_agreed(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site)
    comments = [(await a_comment(thread, f"A swindle, {number}."))["comment"] for number in range(3)]
    await decide(site, "publish", comments[0])
    await decide(site, "reject", comments[1])
    desk = await sign_in(site)
    page = text_of(await desk.get("rules"))
    assert "This week: Held 3 · Agreed: 1 of 2" in page
    compared = text_of(await desk.get("rules/agreement?rule=hold_words"))
    assert "Comments compared 2" in compared
    assert "Found, but published by moderators A swindle, 0." in compared
