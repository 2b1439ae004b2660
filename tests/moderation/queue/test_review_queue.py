"""The review queue, oldest first, with findings; and the decision log, newest first."""

from typing import Any

import pytest

from tests.builders import ASite, Clock, Json, a_comment, a_session, a_site, a_thread, decide


async def queue(site: ASite, **query: Any) -> Json:
    response = await site.call("GET", "/queue", by="moderator", params=query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    return page


def bodies(page: Json) -> list[str]:
    return [each["comment"]["body"] for each in page["comments"]]


async def test_pending_comments_are_listed_with_article_and_findings(site: ASite) -> None:
    thread = await a_thread(site)
    await site.call("PUT", "/rules", by="admin", json={"hold_words": ["casino"]})
    await a_comment(thread, "Well said.")
    await a_comment(thread, "A casino.")
    page = await queue(site)
    [waiting] = page["comments"]
    assert (page["pending"], page["next"]) == (1, None)
    assert (waiting["article"], waiting["title"]) == (thread.article, thread.registered["title"])
    assert (waiting["comment"]["state"], waiting["comment"]["body"]) == ("pending", "A casino.")
    assert [each["matched"] for each in waiting["comment"]["findings"]] == ["casino"]


async def test_the_queue_has_pages_in_both_orders(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    for number in range(7):
        await a_comment(thread, f"Comment {number}")
    for order, expected in (("oldest", range(7)), ("newest", range(6, -1, -1))):
        met: list[str] = []
        page: Json = {"next": ""}
        while page["next"] is not None:
            page = await queue(site, order=order, limit=3, **({"cursor": page["next"]} if page["next"] else {}))
            assert page["pending"] == 7
            met += bodies(page)
        assert met == [f"Comment {number}" for number in expected]


async def test_the_queue_is_filtered_by_state_article_and_rule(site: ASite) -> None:
    first, second = await a_thread(site, mode="hold"), await a_thread(site, mode="hold")
    await site.call("PUT", "/rules", by="admin", json={"hold_words": ["casino"]})
    comments = [(await a_comment(first, body))["comment"] for body in ("Casino", "Rude", "Spam", "Gone")]
    await a_comment(second, "Elsewhere")
    await decide(site, "reject", comments[1])
    await decide(site, "spam", comments[2])
    await decide(site, "delete", comments[3])
    assert bodies(await queue(site)) == ["Casino", "Elsewhere"]
    assert bodies(await queue(site, article=second.article)) == ["Elsewhere"]
    assert bodies(await queue(site, rule="hold_words")) == ["Casino"]
    assert [bodies(await queue(site, state=state)) for state in ("rejected", "spam", "deleted")] == [
        ["Rude"],
        ["Spam"],
        ["Gone"],
    ]
    assert (await queue(site, state="spam"))["pending"] == 2
    assert bodies(await queue(site, article="unknown")) == []


async def test_the_queue_omits_other_sites_and_comments_deleted_by_authors(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    posted = await a_comment(thread)
    async with a_site(site.app) as other:
        await a_comment(await a_thread(other, mode="hold"), "Elsewhere")
        assert bodies(await queue(site)) == ["Well said."]
    await site.call("DELETE", f"/comments/{posted['comment']['id']}", by=posted["author_token"])
    assert await queue(site) == {"pending": 0, "reported": 0, "comments": [], "next": None}
    assert await queue(site, state="deleted") == {"pending": 0, "reported": 0, "comments": [], "next": None}


async def test_the_decision_log_is_newest_first(site: ASite) -> None:
    thread = await a_thread(site)
    one, other = (await a_comment(thread))["comment"], (await a_comment(thread))["comment"]
    [rejected] = await decide(site, "reject", one, reason="off-topic", note="Off topic.")
    await decide(site, "restore", rejected)
    await decide(site, "spam", other)
    log = (await site.call("GET", "/decisions", by="moderator")).json()
    key = site.keys["moderator"].split("_")[1]
    logged = [(each["comment_id"], each["action"], each["before"], each["after"]) for each in log["decisions"]]
    assert logged == [
        (other["id"], "spam", "published", "spam"),
        (one["id"], "restore", "rejected", "published"),
        (one["id"], "reject", "published", "rejected"),
    ]
    assert {each["decided_by"]["id"] for each in log["decisions"]} == {key}
    decision = log["decisions"][-1]
    assert [decision[name] for name in ("reason", "note", "revision")] == ["off-topic", "Off topic.", 1]
    first = (await site.call("GET", "/decisions", by="admin", params={"limit": 2})).json()
    rest = (await site.call("GET", "/decisions", by="admin", params={"limit": 2, "cursor": first["next"]})).json()
    assert (first["decisions"] + rest["decisions"], rest["next"]) == (log["decisions"], None)
    for query, count in (({"comment": one["id"]}, 2), ({"by": key}, 3), ({"by": "0" * 12}, 0)):
        found = (await site.call("GET", "/decisions", by="moderator", params=query)).json()["decisions"]
        assert len(found) == count
    async with a_site(site.app) as stranger:
        assert (await stranger.call("GET", "/decisions", by="moderator")).json()["decisions"] == []


REFUSED = [
    *("/queue?state=hidden", "/queue?cursor=AAAA", "/queue?rule=x", "/queue?limit=0", "/queue?article=%00"),
    *("/decisions?comment=1", "/decisions?by=%00"),
]


@pytest.mark.parametrize("query", REFUSED)
async def test_an_invalid_query_is_refused(site: ASite, query: str) -> None:
    answer = await site.call("GET", query, by="moderator")
    assert answer.status_code == 400
    assert answer.json()["type"] in {"/problems/invalid-parameter", "/problems/invalid-cursor"}


async def test_the_queue_is_searched_by_text_and_author_in_any_state(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "The harbour is closed.", name="Zoë Okafor")
    await a_comment(thread, "The tram is late.")
    await decide(site, "reject", (await a_comment(thread, "HARBOUR lights, for sale."))["comment"])
    both = ["The harbour is closed.", "HARBOUR lights, for sale."]
    assert bodies(await queue(site, state="any", q="harbour")) == both
    assert bodies(await queue(site, state="published", q="hárb")) == both[:1]
    assert bodies(await queue(site, state="any", q="zoe okafor")) == both[:1]
    for nowhere in ("harbour tram", "?!"):
        assert bodies(await queue(site, state="any", q=nowhere)) == []
    page = await queue(site, state="any", q="the", limit=1)
    assert bodies(await queue(site, state="any", q="the", limit=1, cursor=page["next"])) == ["The tram is late."]
    await site.call("DELETE", f"/comments/{posted['comment']['id']}", by=posted["author_token"])
    assert bodies(await queue(site, state="published", q="harbour")) == []


async def test_the_queue_is_filtered_by_reader_and_by_time(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site, mode="hold")
    posted = await a_comment(thread, "First.")
    the_clock.move(hours=1)
    await a_comment(thread, "Second.")
    reader = (await queue(site))["comments"][0]["reader_id"]
    assert bodies(await queue(site, reader=reader)) == ["First."]
    later = the_clock.now().isoformat().replace("+00:00", "Z")
    assert bodies(await queue(site, since=later)) == ["Second."]
    assert bodies(await queue(site, until=later)) == ["First."]
    assert posted["comment"]["state"] == "pending"


async def test_every_kind_of_decision_is_in_the_log_with_its_author(site: ASite) -> None:
    thread = await a_thread(site)
    session = await a_session(site)
    comment = (await a_comment(thread))["comment"]
    await site.call("POST", f"{thread.path}/close", by=session, json={"reason": "Late."})
    await site.call("POST", f"{thread.path}/close", by=session)
    await site.call("POST", f"{thread.path}/reopen", by="host")
    await site.call("PATCH", "/settings", by="admin", json={"mode": "hold"})
    await site.call("PUT", "/rules", by=session, json={})
    await decide(site, "reject", comment)
    log = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert [each["action"] for each in log] == ["reject", "rules", "settings", "reopen", "close"]
    assert [each["decided_by"]["kind"] for each in log] == ["key", "moderator", "key", "key", "moderator"]
    assert (log[-1]["decided_by"]["name"], log[-1]["reason"], log[-1]["article"]) == ("Maria", "Late.", thread.article)
    for query, actions in (
        ({"article": thread.article}, ["reject", "reopen", "close"]),
        ({"by": log[-1]["decided_by"]["id"]}, ["rules", "close"]),
        ({"until": log[1]["decided_at"]}, ["settings", "reopen", "close"]),
        ({"since": log[1]["decided_at"], "reader": log[0]["reader_id"]}, ["reject"]),
    ):
        found = (await site.call("GET", "/decisions", by="moderator", params=query)).json()["decisions"]
        assert [each["action"] for each in found] == actions, query
