"""The author of a comment that is not published learns what was decided, why, by whom, and how to appeal."""

from service.conversation.comments.decision_reasons import DEFAULT_REASONS, REASONS
from service.platform.languages.messages import LOCALES, catalogue
from tests.builders import ASite, Json, a_comment, a_thread, decide, events_of, set_rules

OWN_REASONS = {"house-rules": {"en": "It breaks our house rules.", "de": "Er verletzt unsere Hausordnung."}}


async def statement_of(site: ASite, posted: Json, *, language: str = "en") -> Json | None:
    headers = {"Accept-Language": language}
    path = f"/comments/{posted['comment']['id']}"
    response = await site.call("GET", path, by=posted["author_token"], headers=headers)
    assert response.status_code == 200, response.text
    found: Json | None = response.json()["comment"].get("statement")
    return found


async def test_a_statement_names_outcome_ground_person_and_appeal(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "Rude.")
    assert await statement_of(site, posted) is None
    [rejected] = await decide(site, "reject", posted["comment"], reason="abuse", note="Third time this week.")
    statement = await statement_of(site, posted)
    assert statement is not None
    assert statement["text"] == [
        "Your comment was removed.",
        "It insults or threatens somebody.",
        "A person decided this.",
        "You can appeal once. A moderator then reviews your comment again.",
        "You can also turn to an out-of-court dispute settlement body or to a court.",
    ]
    del statement["text"], statement["decided_at"]
    assert statement == {"outcome": "removed", "reason": "abuse", "automated": False, "appeal": "possible"}
    path = f"/comments/{rejected['id']}/appeal"
    appealed = (await site.call("POST", path, by=posted["author_token"], json={})).json()
    assert (appealed["statement"]["appeal"], appealed["statement"]["reason"]) == ("filed", "abuse")
    await decide(site, "delete", appealed, reason="illegal")
    again = await statement_of(site, posted)
    assert again is not None
    assert (again["outcome"], again["reason"], again["appeal"]) == ("rejected", "illegal", "answered")
    seen = (await site.call("GET", f"/comments/{rejected['id']}", by=posted["author_token"])).text
    assert "Rude" not in seen and "Third" not in seen
    await site.call("DELETE", f"/comments/{rejected['id']}", by=posted["author_token"])
    assert (await site.call("GET", f"/comments/{rejected['id']}", by=posted["author_token"])).status_code == 404


async def test_a_held_comment_was_decided_automatically_until_a_person_does(site: ASite) -> None:
    await set_rules(site, hold_words=["casino"], classifier="spam")
    posted = await a_comment(await a_thread(site), "A casino.")
    statement = posted["comment"]["statement"]
    assert (statement["outcome"], statement["automated"], statement["reason"]) == ("held", True, None)
    assert statement == await statement_of(site, posted)
    [spam] = await decide(site, "spam", posted["comment"])
    statement = await statement_of(site, posted)
    assert statement is not None
    assert (statement["outcome"], statement["automated"], statement["reason"]) == ("rejected", False, "spam")
    await decide(site, "undo", spam)
    statement = await statement_of(site, posted)
    assert statement is not None
    assert (statement["outcome"], statement["automated"]) == ("held", False)


async def test_a_site_has_reasons_of_its_own_in_the_authors_language(site: ASite) -> None:
    response = await site.call("PATCH", "/settings", by="admin", json={"decision_reasons": OWN_REASONS})
    assert response.json()["decision_reasons"] == OWN_REASONS
    posted = await a_comment(await a_thread(site))
    await decide(site, "reject", posted["comment"], reason="house-rules")
    for language, text in (("en", "house rules"), ("de-AT", "Hausordnung"), ("fr", "house rules")):
        statement = await statement_of(site, posted, language=language)
        assert statement is not None and text in statement["text"][1], language
    await site.call("PATCH", "/settings", by="admin", json={"decision_reasons": {}})
    statement = await statement_of(site, posted)
    assert statement is not None and statement["text"][1] == "It breaks the rules of this site."
    for reasons, pointer in (
        ({"house-rules": {}}, "/decision_reasons/house-rules"),
        ({"House": {"en": "No."}}, "/decision_reasons/House"),
        ({"a/b": {"en": "No."}}, "/decision_reasons/a~1b"),
        ({"own": {"english": "No."}}, "/decision_reasons/own/english"),
        ({"own": {"en": "\u200b"}}, "/decision_reasons/own/en"),
        ({"own": {"en": "x" * 301}}, "/decision_reasons"),
        ({f"own-{number}": {"en": "No."} for number in range(51)}, "/decision_reasons"),
        ([], "/decision_reasons"),
    ):
        refused = await site.call("PATCH", "/settings", by="admin", json={"decision_reasons": reasons})
        assert refused.status_code == 422, reasons
        assert refused.json()["pointer"].startswith(pointer), (reasons, refused.json())


async def test_events_of_decisions_have_the_reason_and_whether_a_rule_decided(site: ASite) -> None:
    await set_rules(site, hold_words=["casino"])
    thread = await a_thread(site)
    held = (await a_comment(thread, "A casino."))["comment"]
    [published] = await decide(site, "publish", held)
    [rejected] = await decide(site, "reject", published, reason="off-topic")
    await decide(site, "undo", rejected)
    await a_comment(thread, "Fine.")
    decided = [(event["data"].get("reason"), event["data"].get("automated")) for event in await events_of(site)]
    assert decided[1:] == [(None, True), (None, False), ("off-topic", False), (None, False), (None, None)]


async def test_the_decision_log_has_what_rules_decided(site: ASite) -> None:
    await set_rules(site, hold_words=["casino"], report_threshold=1, on_report_threshold="hide")
    thread = await a_thread(site)
    posted = await a_comment(thread, "Fine.")
    path = f"/comments/{posted['comment']['id']}"
    await site.call("POST", f"{path}/reports", json={"reason": "spam"})
    other = await a_comment(thread, "Fine too.")
    await site.call("PATCH", f"/comments/{other['comment']['id']}", by=other["author_token"], json={"body": "Casino."})
    await a_comment(thread, "A casino.")
    await site.call("PUT", "/rules", by="moderator", json={})

    async def logged(query: str) -> list[tuple[str, str, str | None]]:
        decisions = (await site.call("GET", f"/decisions?{query}", by="moderator")).json()["decisions"]
        return [(each["action"], each["decided_by"]["id"], each["before"]) for each in decisions]

    by_word = ("hold", "hold_words", None), ("hold", "hold_words", "published")
    assert await logged("automated=true") == [*by_word, ("hold", "report_threshold", "published")]
    assert await logged("by=hold_words") == [*by_word]
    assert {action for action, _, _ in await logged("automated=false")} == {"rules"}


def test_every_reason_has_a_ground_in_every_language() -> None:
    assert set(DEFAULT_REASONS.values()) <= set(REASONS)
    for locale in LOCALES:
        grounds = catalogue(locale)["ground"]
        assert list(grounds) == list(REASONS), locale
        assert len(set(grounds.values())) == len(grounds), locale
        assert len(set(catalogue(locale)["statement"].values())) == len(catalogue(locale)["statement"]), locale
