"""An author can appeal once for a held, rejected or spam comment."""

from tests.builders import ASite, Json, a_comment, a_thread, decide, events_of, found_in, set_rules
from tests.moderation.queue.test_review_queue import queue


async def appeal(site: ASite, posted: Json, **body: str) -> tuple[int, Json]:
    path = f"/comments/{posted['comment']['id']}/appeal"
    response = await site.call("POST", path, by=posted["author_token"], json=body)
    return response.status_code, response.json()


async def test_an_appeal_for_a_held_comment_is_a_finding(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    await a_comment(thread, "Somebody else.")
    posted = await a_comment(thread, "Mine.")
    status, seen = await appeal(site, posted, note="It is only a quotation.")
    assert (status, seen["state"], seen["revision"]) == (200, "pending", 1)
    assert seen["status_reasons"] == ["All comments here wait for a moderator.", "You have asked for another look."]
    [waiting] = (await queue(site, rule="appeal"))["comments"]
    assert waiting["comment"]["findings"][-1]["matched"] == "It is only a quotation."


async def test_a_rejected_or_spam_comment_becomes_pending_once(site: ASite) -> None:
    thread = await a_thread(site)
    for action in ("reject", "spam"):
        posted = await a_comment(thread, f"To {action}.")
        await decide(site, action, posted["comment"])
        status, seen = await appeal(site, posted)
        assert (status, seen["state"], seen["revision"]) == (200, "pending", 3)
        assert (await events_of(site))[-1]["type"] == "comment.held"
        [again] = await decide(site, "reject", {"id": posted["comment"]["id"], "revision": 3})
        assert again["state"] == "rejected"
        status, problem = await appeal(site, posted)
        assert (status, problem["type"]) == (409, "/problems/already-appealed")


async def test_an_edit_does_not_allow_another_appeal(site: ASite) -> None:
    posted = await a_comment(await a_thread(site, mode="hold"))
    assert (await appeal(site, posted))[0] == 200
    path = f"/comments/{posted['comment']['id']}"
    await site.call("PATCH", path, by=posted["author_token"], json={"body": "Better."})
    assert (await appeal(site, posted))[0] == 409
    assert await found_in(site, posted["comment"]) == ["mode", "appeal"]


async def test_no_appeal_for_published_comments_or_those_of_others(site: ASite) -> None:
    thread = await a_thread(site)
    posted, other = await a_comment(thread), await a_comment(thread, "Other.")
    status, problem = await appeal(site, posted)
    assert (status, problem["type"], problem["state"]) == (409, "/problems/not-held", "published")
    assert (await appeal(site, {**posted, "author_token": other["author_token"]}))[0] == 404


async def test_reasons_have_only_the_detail_the_site_allows(site: ASite) -> None:
    thread = await a_thread(site)
    body = "READ THIS CASINO PAGE NOW PLEASE"
    for tells, expected in (
        (True, ["A moderator looks at it before it appears.", "It is written mostly in capitals"]),
        (False, ["A moderator looks at it before it appears."]),
    ):
        await set_rules(site, hold_words=["casino"], max_capitals_percent=50, explain_to_author=tells)
        reasons = (await a_comment(thread, body))["comment"]["status_reasons"]
        assert len(reasons) == len(expected) and all(map(str.startswith, reasons, expected))
    await set_rules(site, reject_words=["casino"], explain_to_author=False)
    assert "detail" not in (await thread.post(body)).json()
    posted = await a_comment(await a_thread(site, mode="hold"), "Fine.")
    [rejected] = await decide(site, "reject", posted["comment"])
    own = await site.call("GET", f"/comments/{rejected['id']}", by=posted["author_token"])
    assert own.json()["comment"]["status_reasons"] == ["A moderator decided not to publish it."]
