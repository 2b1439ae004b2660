"""The page's form reveals bots: they fill in the hidden field, or send it too fast."""

from typing import Any

import pytest

from service.conversation.screening.external_rules import ExternalSignals, screen_external_signals
from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.form_rules import FormSignals
from service.platform.sites.site_rules import Rules
from tests.builders import ASite, AThread, Json, a_comment, a_thread, decide, events_of
from tests.platform.http.by_hand import send_json

FORM_RULES: dict[str, Any] = {"honeypot": True, "min_form_seconds": 2}


async def post(thread: AThread, form: object, *, key: str = "", body: str = "Well said.") -> tuple[int, Json]:
    sent = {"body": body, "author": {"name": "Ada"}, "form": form}
    headers = {"Idempotency-Key": key} if key else {}
    answer = await thread.site.call("POST", f"{thread.path}/comments", json=sent, headers=headers)
    return answer.status_code, answer.json()


async def findings_of(site: ASite, comment_id: str) -> list[tuple[str, str, str | None]]:
    seen = await site.call("GET", f"/comments/{comment_id}", by="moderator")
    return [(each["rule"], each["action"], each["matched"]) for each in seen.json()["comment"]["findings"]]


@pytest.mark.parametrize("seconds", [2, 2.0, 60, None])
def test_a_form_filled_in_by_a_person_has_no_finding(seconds: float | None) -> None:
    assert screen_external_signals(ExternalSignals(FormSignals("", seconds)), Rules(**FORM_RULES)) == []
    assert screen_external_signals(ExternalSignals(FormSignals(" \n", seconds)), Rules(**FORM_RULES)) == []


def test_without_form_signals_there_is_no_finding() -> None:
    assert screen_external_signals(ExternalSignals(), Rules(**FORM_RULES)) == []


def test_rules_that_are_off_find_nothing() -> None:
    assert screen_external_signals(ExternalSignals(FormSignals("https://pills.example", 0)), Rules()) == []


@pytest.mark.parametrize(("seconds", "matched"), [(1.99, "1.9 s"), (0, "0 s"), (1e-9, "0 s"), (1, "1 s")])
def test_the_finding_has_the_seconds(seconds: float, matched: str) -> None:
    assert screen_external_signals(ExternalSignals(FormSignals("", seconds)), Rules(**FORM_RULES)) == [
        Finding(Rule.MIN_FORM_SECONDS, "hold", matched)
    ]


async def test_a_filled_in_honeypot_makes_spam_that_is_stored_but_neither_counted_nor_shown(
    site: ASite,
) -> None:
    thread = await a_thread(site)
    await site.call("PUT", "/rules", by="moderator", json=FORM_RULES)
    status, posted = await post(thread, {"honeypot": "https://pills.example", "seconds": 0.4})
    assert (status, posted["comment"]["state"], posted["thread"]["reply_count"]) == (202, "pending", 0)
    assert await findings_of(site, posted["comment"]["id"]) == [
        ("honeypot", "spam", None),
        ("min_form_seconds", "hold", "0.4 s"),
    ]
    assert await thread.pages() == []
    event = (await events_of(site))[-1]
    assert (event["type"], event["data"]["comment"]["state"]) == ("comment.spam", "spam")
    assert (event["data"]["comment"]["html"], event["data"]["thread"]["reply_count"]) == (None, 0)
    path = f"/comments/{posted['comment']['id']}"
    edited = await site.call("PATCH", path, by=posted["author_token"], json={"body": "Nothing of it."})
    assert (edited.status_code, edited.json()["state"]) == (200, "pending")
    assert [rule for rule, *_ in await findings_of(site, posted["comment"]["id"])] == ["honeypot", "min_form_seconds"]
    assert (await site.call("GET", path)).status_code == 404
    [result] = await decide(site, "publish", {**posted["comment"], "revision": 2})
    assert (result["state"], (await thread.read())["reply_count"]) == ("published", 1)


async def test_spam_found_by_rules_is_pending_for_its_author_and_spam_for_moderators(site: ASite) -> None:
    thread = await a_thread(site)
    await site.call("PUT", "/rules", by="moderator", json=FORM_RULES)
    for key in ("a-key-of-its-own-1", "short"):
        for _ in range(2):
            status, posted = await post(thread, {"honeypot": "x"}, key=key)
            assert (status, posted["comment"]["state"]) == (202, "pending")
    _, posted = await post(thread, {"honeypot": "x"}, key="a-key-of-its-own-1")
    path, author = f"/comments/{posted['comment']['id']}", posted["author_token"]
    seen = (await site.call("GET", path, by=author)).json()["comment"]
    assert (seen["state"], seen["status_reasons"]) == ("pending", posted["comment"]["status_reasons"])
    decided = (await site.call("GET", path, by="moderator")).json()["comment"]
    assert decided["state"] == "spam"
    waiting = (await site.call("GET", "/queue", by="moderator", params={"state": "spam"})).json()["comments"]
    assert {each["comment"]["state"] for each in waiting} == {"spam"}


async def test_spam_decided_by_a_moderator_is_spam_for_its_author(site: ASite) -> None:
    posted = await a_comment(await a_thread(site))
    await decide(site, "spam", posted["comment"])
    path = f"/comments/{posted['comment']['id']}"
    assert (await site.call("GET", path, by=posted["author_token"])).json()["comment"]["state"] == "spam"


async def test_spam_cannot_be_replied_to(site: ASite) -> None:
    thread = await a_thread(site)
    await site.call("PUT", "/rules", by="moderator", json=FORM_RULES)
    _, posted = await post(thread, {"honeypot": "x"})
    answer = await thread.post("I agree.", below=posted["comment"]["id"])
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/parent-unavailable")


async def test_a_form_sent_too_fast_is_held(site: ASite) -> None:
    thread = await a_thread(site)
    await site.call("PUT", "/rules", by="moderator", json=FORM_RULES)
    status, posted = await post(thread, {"seconds": 1.25})
    assert (status, posted["comment"]["state"]) == (202, "pending")
    assert await findings_of(site, posted["comment"]["id"]) == [("min_form_seconds", "hold", "1.2 s")]
    for form in (None, {}, {"honeypot": "", "seconds": None}, {"seconds": 3}):
        assert (await post(thread, form))[0] == 201


async def test_the_time_of_the_form_does_not_identify_a_post(site: ASite) -> None:
    thread = await a_thread(site)
    await site.call("PUT", "/rules", by="moderator", json=FORM_RULES)
    first = await post(thread, {"seconds": 1}, key="a-key-of-its-own-1")
    again = await post(thread, {"seconds": 30}, key="a-key-of-its-own-1")
    assert first[0] == 202 and again[0] == 202
    assert again[1]["comment"]["id"] == first[1]["comment"]["id"]


async def test_the_draft_is_returned_without_the_form(site: ASite) -> None:
    thread = await a_thread(site, closed=True)
    status, problem = await post(thread, {"honeypot": "x", "seconds": 1})
    assert status == 409
    assert problem["draft"] == {
        "body": "Well said.",
        "author": {"name": "Ada", "email": None, "url": None},
        "parent_id": None,
    }


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"honeypot": "x" * 1001}, "/form/honeypot"),
        ({"honeypot": None}, "/form/honeypot"),
        ({"seconds": -0.1}, "/form/seconds"),
        ({"seconds": 2_592_001}, "/form/seconds"),
        ({"seconds": "3"}, "/form/seconds"),
        ({"seconds": True}, "/form/seconds"),
        ({"filled": 3}, "/form/filled"),
        ([], "/form"),
        ("", "/form"),
    ],
)
async def test_an_invalid_form_is_a_problem_with_a_pointer(site: ASite, form: object, pointer: str) -> None:
    thread = await a_thread(site)
    status, problem = await post(thread, form)
    assert (status, problem["type"], problem["pointer"]) == (422, "/problems/invalid-field", pointer)


@pytest.mark.parametrize("honeypot", ["\0", "\ud800", "\ud800x", "\u202e", "\U0001f600" * 1000])
async def test_any_text_in_the_honeypot_is_handled(site: ASite, honeypot: str) -> None:
    thread = await a_thread(site)
    await site.call("PUT", "/rules", by="moderator", json=FORM_RULES)
    sent = {"body": "Well said.", "author": {"name": "Ada"}, "form": {"honeypot": honeypot}}
    answer = await send_json(site, "POST", f"{thread.path}/comments", sent)
    assert answer.status in {202, 400}
