"""Moderators set rules that screen new comments, see the findings, and try rules without any change."""

import msgspec
import pytest

from service.platform.sites.site_rules import require_few_items
from tests.builders import ASite, a_comment, a_thread, events_of

RULES = {"hold_words": ["casino*"], "reject_words": ["v*gra"], "max_links": 1}


async def set_rules(site: ASite, **rules: object) -> None:
    response = await site.call("PUT", "/rules", by="moderator", json=rules)
    assert response.status_code == 200, response.text


async def test_rules_are_returned_as_set(site: ASite) -> None:
    nothing = (await site.call("GET", "/rules", by="moderator")).json()
    assert nothing["hold_words"] == []
    assert nothing["max_links"] is None
    await set_rules(site, **RULES)
    assert (await site.call("GET", "/rules", by="admin")).json() == nothing | RULES
    await set_rules(site)
    assert (await site.call("GET", "/rules", by="moderator")).json() == nothing


async def test_new_comments_are_screened_and_moderators_see_the_findings(site: ASite) -> None:
    thread = await a_thread(site)
    await set_rules(site, **RULES)
    held = await thread.post("The CÀSINOS of https://a.example and https://b.example")
    assert (held.status_code, held.json()["comment"]["state"]) == (202, "pending")
    path = f"/comments/{held.json()['comment']['id']}"
    seen = (await site.call("GET", path, by="moderator", headers={"Accept-Language": "de"})).json()["comment"]
    assert [(each["rule"], each["action"], each["matched"]) for each in seen["findings"]] == [
        ("hold_words", "hold", "casino*"),
        ("max_links", "hold", "2"),
    ]
    assert seen["findings"][0]["message"] == "Er enthält ein Wort der Liste, die zurückgehalten wird."
    for by in ("host", held.json()["author_token"]):
        answer = await site.call("GET", path, by=by)
        assert "findings" not in answer.json().get("comment", {})
    assert (await thread.post("Well said.")).status_code == 201


async def test_a_rejected_post_is_returned_and_leaves_no_trace(site: ASite) -> None:
    thread = await a_thread(site)
    await set_rules(site, **RULES)
    before = await events_of(site)
    refused = await thread.post("Vi4gra!", key="a-key-of-its-own-1")
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (422, "/problems/not-accepted")
    assert (problem["rule"], problem["draft"]["body"]) == ("reject_words", "Vi4gra!")
    assert await events_of(site) == before
    assert (await thread.post("Better.", key="a-key-of-its-own-1")).status_code == 201


async def test_an_edit_is_screened_like_a_post(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    await set_rules(site, **RULES)
    path, token = f"/comments/{posted['comment']['id']}", posted["author_token"]
    refused = await site.call("PATCH", path, by=token, json={"body": "Viagra"})
    assert (refused.status_code, refused.json()["rule"]) == (422, "reject_words")
    assert refused.json()["draft"] == {"body": "Viagra"}
    assert (await site.call("PATCH", path, by=token, json={"body": "A casino"})).json()["state"] == "pending"
    seen = await site.call("GET", path, by="moderator")
    assert [each["rule"] for each in seen.json()["comment"]["findings"]] == ["hold_words"]
    await site.call("PATCH", path, by=token, json={"body": "No more of that"})
    seen = await site.call("GET", path, by="moderator")
    assert (seen.json()["comment"]["state"], seen.json()["comment"]["findings"]) == ("pending", [])
    await site.call("PATCH", path, by=token, json={"body": "A casino again"})
    await site.call("DELETE", path, by=token)
    assert (await site.call("GET", path, by="moderator")).json()["comment"]["findings"] == []


async def test_rules_are_tried_on_stored_comments_and_change_nothing(site: ASite) -> None:
    thread = await a_thread(site)
    await set_rules(site, hold_words=["tram"])
    for body in ("A casino", "A tram", "Well said.", "Viagra", "Another casino"):
        await thread.post(body)
    before = await events_of(site)
    tried = (await site.call("POST", "/rules/try", by="moderator", json={"rules": RULES, "last": 10_000})).json()
    assert (tried["checked"], tried["changed"]) == (5, 4)
    assert tried["before"] == {"publish": 4, "hold": 1, "spam": 0, "reject": 0}
    assert tried["after"] == {"publish": 2, "hold": 2, "spam": 0, "reject": 1}
    newest = tried["examples"][0]
    assert (newest["excerpt"], newest["before"], newest["after"]) == ("Another casino", "publish", "hold")
    assert newest["findings"][0]["matched"] == "casino*"
    assert (newest["article"], newest["state"]) == (thread.article, "published")
    fewer = (await site.call("POST", "/rules/try", by="moderator", json={"rules": RULES, "last": 2})).json()
    assert (fewer["checked"], len(fewer["examples"])) == (2, 2)
    assert await events_of(site) == before


@pytest.mark.parametrize(
    "rules",
    [
        {"hold_words": [""]},
        {"hold_words": ["*"]},
        {"hold_words": ["a\n"]},
        {"hold_words": ["x" * 101]},
        {"hold_words": ["a"] * 10_001},
        {"reject_link_domains": ["pills example"]},
        {"reject_link_domains": ["pills..example"]},
        {"reject_link_domains": ["pills.example:443"]},
        {"reject_link_domains": ["https://pills.example"]},
        {"max_links": -1},
        {"longest": 0},
        {"max_capitals_percent": 100},
        {"max_repeated_characters": 1},
        {"unknown": 1},
        {"max_links": "2"},
    ],
)
async def test_invalid_rules_are_refused_and_the_old_ones_stay(site: ASite, rules: dict[str, object]) -> None:
    await set_rules(site, **RULES)
    for method, path, body in (("PUT", "/rules", rules), ("POST", "/rules/try", {"rules": rules})):
        refused = await site.call(method, path, by="moderator", json=body)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-field"), refused.text
    assert (await site.call("GET", "/rules", by="moderator")).json()["max_links"] == 1


async def test_rules_with_far_too_many_items_are_refused_before_they_are_decoded(site: ASite) -> None:
    words = ['"\\' + "a" * (number % 90) for number in range(10_000)]
    lists = {"hold_words": words, "reject_words": words}
    require_few_items(msgspec.json.encode(lists))
    rules = {"hold_words": ["a"] * 50_000}
    for method, path, body in (("PUT", "/rules", rules), ("POST", "/rules/try", {"rules": rules})):
        refused = await site.call(method, path, by="moderator", json=body)
        assert (refused.status_code, refused.json()["pointer"]) == (422, ""), refused.text


async def test_domains_are_accepted_in_any_spelling_and_stored_in_one(site: ASite) -> None:
    spellings = ["EVIL.example", "evil.example.", "ev%69l.example", "evil。example", "ｅvil．example", "пример.рф"]
    stored = await site.call("PUT", "/rules", by="admin", json={"reject_link_domains": spellings})
    assert stored.json()["reject_link_domains"] == ["evil.example", "xn--e1afmkfd.xn--p1ai"]
    assert (await site.call("GET", "/rules", by="admin")).json() == stored.json()
    thread = await a_thread(site)
    for link in (
        "https://ev%69l.example/",
        "https://sub.evil｡example./",
        "http://ПРИМЕР.рф/",
        "http://xn--e1afmkfd.xn--p1ai",
    ):
        refused = await thread.post(f"See [this]({link}).")
        assert refused.json()["type"] == "/problems/not-accepted", link
    refused = await site.call("PUT", "/rules", by="admin", json={"allowed_link_domains": ["a.example", "a b"]})
    assert refused.json()["pointer"] == "/allowed_link_domains/1"
    refused = await site.call("POST", "/rules/try", by="admin", json={"rules": {"allowed_link_domains": ["a%2fb"]}})
    assert refused.json()["pointer"] == "/rules/allowed_link_domains/0"


async def test_ten_thousand_words_are_accepted_and_applied(site: ASite) -> None:
    words = [f"word{number}" for number in range(9_999)] + ["*needle*"]
    await set_rules(site, hold_words=words, reject_words=[f"{word}x" for word in words])
    thread = await a_thread(site)
    assert (await thread.post("Where is word77?")).status_code == 202
    assert (await thread.post("A haystack with needles.")).status_code == 202
    assert (await thread.post("Nothing of it.")).status_code == 201
