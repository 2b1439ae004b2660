"""The queue of the desk, as a browser without a script gets it, and the parts that a script swaps."""

import re

import pytest

from service.desk.frame.csrf_tokens import make_csrf_token
from service.moderation.queue import review_queue
from tests.builders import ASite, Json, a_comment, a_session, a_thread, decide, set_rules
from tests.desk.a_desk_client import PARTIAL, desk_of, sign_in, text_of


async def a_held_comment(site: ASite, body: str = "A swindle.", **given: str) -> Json:
    await set_rules(site, hold_words=["swindle"])
    comment: Json = (await a_comment(await a_thread(site), body, **given))["comment"]
    assert comment["state"] == "pending"
    return comment


def named(comment: Json) -> str:
    return f"{comment['id']}:{comment['revision']}"


async def state_of(site: ASite, comment: Json) -> str:
    read = await site.call("GET", f"/comments/{comment['id']}", by="moderator")
    return str(read.json()["comment"]["state"])


async def test_a_card_shows_what_a_moderator_needs(site: ASite) -> None:
    comment = await a_held_comment(site, "A **swindle**, https://a.example/?q=<b> says.", name="Ada")
    page = await (await sign_in(site)).get("queue")
    assert page.status_code == 200
    assert f'id="card-{comment["id"]}"' in page.text
    assert "<mark>swindle</mark>" in page.text
    assert "It has a word of the list that is held. swindle" in text_of(page)
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_the_counts_of_the_lists_are_exact(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site)
    held = [await a_comment(thread, f"A swindle, {number}.") for number in range(3)]
    await a_comment(thread, "Fine.")
    await decide(site, "reject", held[0]["comment"])
    await decide(site, "spam", held[1]["comment"])
    desk = await sign_in(site)
    newer = await desk.get("queue/newer?tab=pending", headers=PARTIAL)
    counts = dict(re.findall(r'id="count-(\w+)"[^>]*>([\d,]*)<', newer.text))
    expected = {"pending": 1, "reported": 0, "appeals": 0, "published": 1, "rejected": 1, "spam": 1, "any": 4}
    assert counts == {name: str(count) for name, count in expected.items()}
    assert re.findall(r'id="count-(\w+)"[^>]*>1<', (await desk.get("queue")).text) == ["pending"]


async def test_a_decision_without_a_script_leads_back_to_the_list_and_can_be_undone(site: ASite) -> None:
    comment = await a_held_comment(site)
    desk = await sign_in(site)
    here = f"/desk/{site.slug}/queue?tab=pending&q=swindle"
    fields = {"comment": named(comment), "action": "reject", "reason": "abuse", "note": "Rude.", "next": here}
    sent = await desk.send("decisions", fields)
    page = await desk.follow(sent)
    assert sent.headers["location"].startswith(here)
    assert await state_of(site, comment) == "rejected"
    assert "Rejected 1" in text_of(page)
    [undo] = re.findall(r'class="undo-bar".*?name="comment" value="([^"]*)"', page.text, flags=re.DOTALL)
    await desk.send("decisions", {"comment": undo, "action": "undo"})
    assert await state_of(site, comment) == "pending"
    [decision, *_] = (await site.call("GET", "/decisions?limit=2", by="moderator")).json()["decisions"][1:]
    assert (decision["reason"], decision["note"], decision["decided_by"]["name"]) == ("abuse", "Rude.", "Maria")


async def test_a_script_gets_the_cards_and_counts_that_changed(site: ASite) -> None:
    comment = await a_held_comment(site, name="Ada")
    desk = await sign_in(site)
    done = await desk.send("decisions", {"comment": named(comment), "action": "publish"}, headers=PARTIAL)
    assert done.status_code == 200
    assert f'<li id="card-{comment["id"]}" class="card done is-published" data-hx-swap-oob="true">' in done.text
    assert 'id="count-pending" data-hx-swap-oob="true">0<' in done.text
    assert "<!doctype html>" not in done.text


async def test_another_moderators_decision_is_shown_and_not_overwritten(site: ASite) -> None:
    comment = await a_held_comment(site)
    maria, otto = await sign_in(site), await sign_in(site, "Otto")
    await otto.send("decisions", {"comment": named(comment), "action": "reject", "reason": "spam"})
    fields = {"comment": named(comment), "action": "publish"}
    for response in (await maria.send("decisions", fields), await maria.send("decisions", fields, headers=PARTIAL)):
        assert "Otto decided first: Rejected. Nothing was changed." in text_of(response)
    assert await state_of(site, comment) == "rejected"


async def test_many_comments_are_decided_at_once(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site)
    comments = [(await a_comment(thread, f"A swindle, {number}."))["comment"] for number in range(30)]
    desk = await sign_in(site)
    fields = [("action", "spam"), ("reason", "spam"), *(("comment", named(each)) for each in comments)]
    await desk.follow(await desk.send("decisions", fields))
    assert {await state_of(site, each) for each in comments} == {"spam"}


async def test_decisions_whose_cards_do_not_fit_are_made_and_shown_as_lines(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    comments = [await a_held_comment(site, f"A swindle, {number}.") for number in range(3)]
    desk, otto, here = await sign_in(site), await sign_in(site, "Otto"), f"/desk/{site.slug}/queue?tab=any"
    fields = [("comment", named(each)) for each in comments] + [("next", here)]
    monkeypatch.setattr(review_queue, "MAX_PAGE_BYTES", 50)
    kept = await desk.send("decisions", [*fields, ("action", "spam"), ("keep", "list")], headers=PARTIAL)
    assert_one_card_and_lines(kept.text, comments, "Marked as spam", "Marked as spam")
    assert {await state_of(site, each) for each in comments} == {"spam"}
    again = [("comment", f"{each['id']}:{each['revision'] + 1}") for each in comments] + [("next", here)]
    undone = await desk.send("decisions", [*again, ("action", "undo")], headers=PARTIAL)
    assert_one_card_and_lines(undone.text, comments, "<mark>swindle</mark>, 0.", "Undone")
    assert 'value="undo"' not in undone.text
    assert {await state_of(site, each) for each in comments} == {"pending"}
    for headers, status in ((PARTIAL, 200), ({}, 409)):
        refused = await otto.send("decisions", [*fields, ("action", "publish")], headers=headers)
        assert refused.status_code == status
        changed = "This comment has changed since you saw it. Nothing was decided"
        assert_one_card_and_lines(refused.text, comments, "Maria decided first: Undone.", changed)
        assert refused.text.count(f'<a href="{here}">Load the page again</a>') == 2
    assert {await state_of(site, each) for each in comments} == {"pending"}


def assert_one_card_and_lines(page: str, comments: list[Json], in_card: str, in_lines: str) -> None:
    """The first of ``comments`` has a card, and the others have a line that says why there is none."""
    parts = {part[:36]: part for part in page.split('<li id="card-')[1:]}
    assert len(parts) == len(comments)
    first, *others = [parts[each["id"]] for each in comments]
    assert "<article" in first and in_card in first
    for line in others:
        assert "<article" not in line
        assert in_lines in line and "These comments are too long to show each of them here." in line


async def test_a_moderator_limited_to_a_section_sees_and_decides_only_there(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"])
    sport, politics = await a_thread(site, section="sport"), await a_thread(site, section="politics")
    own, other = [(await a_comment(each, "A swindle."))["comment"] for each in (sport, politics)]
    desk = await sign_in(site, sections=("sport",))
    page = await desk.get("queue")
    assert own["id"] in page.text and other["id"] not in page.text
    assert (await desk.get("queue?section=politics")).status_code == 404
    refused = await desk.send("decisions", {"comment": named(other), "action": "publish"})
    assert refused.status_code == 409
    assert "no longer there" in text_of(refused)
    assert await state_of(site, other) == "pending"


async def test_the_filters_find_comments(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"], max_links=0)
    thread = await a_thread(site, section="sport")
    swindle = (await a_comment(thread, "A swindle."))["comment"]
    links = (await a_comment(thread, "See https://a.example/ for the harbour"))["comment"]
    desk = await sign_in(site)

    async def found(query: str) -> set[str]:
        page = await desk.get(f"queue?{query}")
        assert page.status_code == 200, page.text
        return {each["id"] for each in (swindle, links) if f"card-{each['id']}" in page.text}

    both = {swindle["id"], links["id"]}
    assert await found("tab=pending&section=&rule=&q=&since=&until=") == both
    assert await found("q=harbour") == {links["id"]}
    assert await found("rule=hold_words") == {swindle["id"]}
    assert await found("section=sport") == both
    assert await found("since=2999-01-01") == set()
    assert await found("until=2999-01-01&tab=any&order=oldest") == both


async def test_what_can_not_be_read_is_a_page_and_loses_nothing(site: ASite) -> None:
    desk = await sign_in(site)
    for query in ("tab=none", "cursor=%F0", "decided=AAAA"):
        page = await desk.get(f"queue?{query}")
        assert page.status_code in {400, 422}, query
        assert "<h1>" in page.text
    for fields in ({}, {"action": "eat"}, {"action": "reject", "comment": "x", "note": "Typed words."}):
        page = await desk.send("decisions", fields)
        assert page.status_code == 422
        assert fields.get("note", "") in text_of(page)
    said = await desk.send("decisions", {"action": "eat"}, headers=PARTIAL)
    assert said.text.startswith('<p id="said"')


async def test_a_filter_that_can_not_be_read_comes_back_as_typed(site: ASite) -> None:
    comment = await a_held_comment(site)
    desk = await sign_in(site)
    for wrong in (
        {"rule": "none"},
        {"reader": "x"},
        {"since": "yesterday"},
        {"since": "2026-11-30", "until": "2026-11-01"},
        {"q": "x" * 201},
    ):
        page = await desk.get("queue", params={"section": "sport", **wrong})
        assert page.status_code == 422, wrong
        name, typed = [*wrong.items()][-1]
        assert f'<p class="field-error" id="filter-{name}-error">' in page.text
        assert name == "rule" or f'name="{name}" value="{typed}"' in page.text
        assert 'name="section" value="sport"' in page.text
        assert comment["id"] not in page.text and "No comment matches." not in page.text


async def test_a_form_of_another_page_or_session_is_refused(site: ASite) -> None:
    comment = await a_held_comment(site)
    desk = await sign_in(site)
    other = make_csrf_token(await a_session(site, "Otto"))
    fields = {"comment": named(comment), "action": "publish"}
    for csrf in ("", "x", "é", other, other[:-1], "A" * 43):
        assert (await desk.send("decisions", fields, csrf=csrf)).status_code == 403
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert (await desk.send("decisions", fields, headers=headers)).status_code == 403
    assert await state_of(site, comment) == "pending"


async def test_without_a_session_there_is_only_the_form_to_sign_in(site: ASite) -> None:
    comment = await a_held_comment(site)
    desk = desk_of(site, "session_unknown")
    for page in (
        await desk.get("queue"),
        await desk.send("decisions", {"comment": named(comment), "action": "publish"}),
    ):
        assert page.status_code == 401
        assert "Sign in" in text_of(page)
        assert comment["id"] not in page.text or 'name="kept.comment"' in page.text
    assert await state_of(site, comment) == "pending"


async def test_the_cards_of_the_next_page_come_alone(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site)
    for number in range(27):
        await a_comment(thread, f"A swindle, {number}.")
    desk = await sign_in(site)
    page = await desk.get("queue")
    [more] = re.findall(r'<li class="more" data-hx-get="([^"]*)"', page.text)
    cards = await desk.get(more.replace("&amp;", "&"), headers=PARTIAL)
    assert len(re.findall(r'<li id="card-', page.text)) == 25
    assert len(re.findall(r'<li id="card-', cards.text)) == 2
    assert "<!doctype" not in cards.text


async def test_moderators_see_who_has_claimed_a_comment(site: ASite) -> None:
    comment = await a_held_comment(site)
    maria, otto = await sign_in(site), await sign_in(site, "Otto")
    for desk in (maria, otto):  # the first one holds it
        claimed = await desk.send("claims", {"claim": "take", "comment": comment["id"], "next": "queue"})
        await desk.follow(claimed)
    assert "Claimed until" in text_of(await maria.get("queue"))
    assert "Maria is reviewing this." in text_of(await otto.get("queue"))
    await maria.send("claims", {"claim": "release"})
    assert "is reviewing this" not in text_of(await otto.get("queue"))
    assert (await maria.send("claims", {"claim": "take", "comment": "x"})).status_code == 422


async def test_new_comments_are_announced(site: ASite) -> None:
    desk = await sign_in(site)
    page = await desk.get("queue")
    [address] = re.findall(r'data-hx-get="([^"]*queue/newer[^"]*)"', page.text)
    assert "New comments" not in text_of(await desk.get(address.replace("&amp;", "&"), headers=PARTIAL))
    await a_held_comment(site)
    assert "New comments: 1" in text_of(await desk.get(address.replace("&amp;", "&"), headers=PARTIAL))


async def test_the_reports_on_a_comment_can_be_read(site: ASite) -> None:
    comment = (await a_comment(await a_thread(site, section="sport")))["comment"]
    report = {"reason": "illegal", "note": "It names <b>a witness</b>.", "contact": "ada@gazette.example"}
    assert (await site.call("POST", f"/comments/{comment['id']}/reports", json=report)).status_code == 201
    desk = await sign_in(site)
    assert "Read the reports" in text_of(await desk.get("queue?tab=reported"))
    for headers in ({}, PARTIAL):
        page = await desk.get(f"comments/{comment['id']}/reports", headers=headers)
        assert "It names &lt;b&gt;a witness&lt;/b&gt;." in page.text
        assert "Contact: ada@gazette.example" in text_of(page)
        assert "The reported words Well said." in text_of(page)
    elsewhere = await sign_in(site, "Otto", sections=("politics",))
    assert (await elsewhere.get(f"comments/{comment['id']}/reports")).status_code == 404
