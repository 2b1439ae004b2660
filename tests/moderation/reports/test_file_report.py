"""A reader reports a comment once; at the threshold it is queued, and a decision settles the reports on that text."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from service.conversation.readers.model import ReportRow
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide, events_of, found_in, set_rules
from tests.moderation.measures.test_reader_measures import a_ban, thread_from
from tests.moderation.queue.test_review_queue import bodies, queue
from tests.platform.access.a_host import SECRET, a_token, share_secret


async def report(
    thread: AThread, comment: Json, *, address: str = "203.0.113.1", by: str | None = None, **body: Any
) -> Any:
    site = thread_from(thread, address).site
    return await site.call("POST", f"/comments/{comment['id']}/reports", by=by, json={"reason": "abuse", **body})


async def reports_of(site: ASite, comment: Json) -> list[Json]:
    found: list[Json] = (await site.call("GET", f"/comments/{comment['id']}/reports", by="moderator")).json()["reports"]
    return found


def given(filed: Any) -> Json:
    """What the response to a report has that moderators get too."""
    return {name: value for name, value in filed.json().items() if name != "receipt"}


@pytest.fixture
async def thread(site: ASite) -> AThread:
    await set_rules(site, report_threshold=2)
    return await a_thread(site)


async def test_a_reader_reports_once_with_one_event(site: ASite, thread: AThread) -> None:
    comment = (await a_comment(thread))["comment"]
    first = await report(thread, comment, note="It is about my sister.")
    again = await report(thread, comment, reason="spam")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() | {"receipt": None} == again.json()
    [stored] = await reports_of(site, comment)
    assert stored == given(first) | {"contact": None, "settled": False, "words": None}
    event = (await events_of(site))[-1]
    assert event["type"] == "report.filed"
    assert event["data"]["report"] == {key: first.json()[key] for key in ("id", "reason", "note")}
    assert (event["data"]["comment"]["state"], event["data"]["thread"]["reply_count"]) == ("published", 1)


async def test_a_reporter_is_identified_by_the_host_or_by_address_not_by_author_token(
    site: ASite, thread: AThread
) -> None:
    await share_secret(site, SECRET)
    comment = (await a_comment(thread))["comment"]
    token = (await a_comment(thread, "Somebody."))["author_token"]
    assert (await report(thread, comment)).status_code == 201
    assert (await report(thread, comment, by=token)).status_code == 200
    signed_in = a_token(site.slug)
    assert (await report(thread, comment, by=signed_in)).status_code == 201
    assert (await report(thread, comment, by=signed_in, address="203.0.113.9")).status_code == 200


async def test_one_reader_counts_once_even_after_an_edit(site: ASite, thread: AThread) -> None:
    posted = await a_comment(thread, "Rude.")
    await report(thread, posted["comment"])
    path = f"/comments/{posted['comment']['id']}"
    await site.call("PATCH", path, by=posted["author_token"], json={"body": "Ruder."})
    assert (await report(thread, posted["comment"])).status_code == 201, "of other words"
    assert (await queue(site))["reported"] == 0
    await report(thread, posted["comment"], address="203.0.113.2")
    assert bodies(await queue(site, state="reported")) == ["Ruder."]


async def test_an_undo_counts_reports_filed_meanwhile(site: ASite, thread: AThread) -> None:
    comment = (await a_comment(thread, "Rude."))["comment"]
    await report(thread, comment)
    [kept] = await decide(site, "publish", comment)
    await report(thread, comment, address="203.0.113.2")
    assert (await queue(site))["reported"] == 0
    [undone] = await decide(site, "undo", kept)
    assert bodies(await queue(site, state="reported")) == ["Rude."]
    await decide(site, "publish", undone)
    assert (await queue(site))["reported"] == 0


async def test_the_reporters_address_fingerprint_is_pruned(own_site: ASite, the_clock: Clock) -> None:
    comment = (await a_comment(await a_thread(own_site)))["comment"]
    await report(AThread(own_site, "any"), comment)
    the_clock.move(days=366)
    await own_site.sweep()
    async with own_site.app.state.database.read() as connection:
        by_address = select(ReportRow.by_address).where(ReportRow.comment_id == UUID(comment["id"]))
        assert (await connection.execute(by_address)).scalar_one() is False


async def test_at_the_threshold_the_comment_is_queued_and_counted(site: ASite, thread: AThread) -> None:
    comment = (await a_comment(thread, "Rude."))["comment"]
    await report(thread, comment)
    assert (await queue(site))["reported"] == 0
    await report(thread, comment, address="203.0.113.2", reason="spam")
    page = await queue(site, state="reported")
    assert (page["reported"], page["pending"], bodies(page)) == (1, 0, ["Rude."])
    assert page["comments"][0]["reports"] == {"abuse": 1, "spam": 1}
    assert (await thread.read())["reply_count"] == 1, "it stays published meanwhile"


async def test_a_site_can_hide_a_comment_at_the_threshold(site: ASite, thread: AThread) -> None:
    await set_rules(site, report_threshold=2, on_report_threshold="hide")
    posted = await a_comment(thread, "Rude.")
    comment = posted["comment"]
    for number in range(2):
        assert (await report(thread, comment, address=f"203.0.113.{number}")).status_code == 201
    assert (await thread.read())["reply_count"] == 0
    assert await found_in(site, comment) == ["report_threshold"]
    assert [event["type"] for event in await events_of(site)][-2:] == ["report.filed", "comment.held"]
    own = (await site.call("GET", f"/comments/{comment['id']}", by=posted["author_token"])).json()["comment"]
    assert own["status_reasons"] == ["Readers have reported it, so a moderator looks at it again."]
    assert (await report(thread, comment, address="203.0.113.7")).status_code == 404
    assert bodies(await queue(site, rule="report_threshold")) == ["Rude."]


async def test_an_approved_comment_is_queued_again_only_after_an_edit(site: ASite, thread: AThread) -> None:
    posted = await a_comment(thread, "Rude.")
    comment = posted["comment"]
    for number in range(2):
        await report(thread, comment, address=f"203.0.113.{number}")
    [kept] = await decide(site, "publish", comment)
    assert (kept["state"], kept["revision"]) == ("published", 2)
    assert (await queue(site))["reported"] == 0
    for number in range(2, 5):
        assert (await report(thread, comment, address=f"203.0.113.{number}")).status_code == 201
    assert (await queue(site))["reported"] == 0
    path = f"/comments/{comment['id']}"
    assert (await site.call("PATCH", path, by=posted["author_token"], json={"body": "Ruder."})).status_code == 200
    assert (await queue(site))["reported"] == 0
    for number in range(2):
        assert (await report(thread, comment, address=f"203.0.113.{number}")).status_code == 201, "of other words"
    assert bodies(await queue(site, state="reported")) == ["Ruder."]


async def test_an_undo_reopens_the_reports(site: ASite, thread: AThread) -> None:
    comment = (await a_comment(thread, "Rude."))["comment"]
    for number in range(2):
        await report(thread, comment, address=f"203.0.113.{number}")
    [kept] = await decide(site, "publish", comment)
    await decide(site, "undo", kept)
    assert bodies(await queue(site, state="reported")) == ["Rude."]


async def test_a_published_comment_without_reports_cannot_be_approved(site: ASite, thread: AThread) -> None:
    comment = (await a_comment(thread))["comment"]
    [refused] = await decide(site, "publish", comment)
    assert refused["problem"]["type"] == "/problems/invalid-transition"


async def test_hidden_comments_are_not_reported_and_banned_readers_do_not_report(site: ASite, thread: AThread) -> None:
    held = (await a_comment(await a_thread(site, mode="hold")))["comment"]
    assert (await report(thread, held)).status_code == 404
    await a_ban(site, kind="address", value="203.0.113.50")
    comment = (await a_comment(thread))["comment"]
    refused = await report(thread, comment, address="203.0.113.50")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/banned")


async def test_a_deletion_by_the_author_settles_all_reports(site: ASite, thread: AThread) -> None:
    posted = await a_comment(thread)
    for number in range(2):
        await report(thread, posted["comment"], address=f"203.0.113.{number}")
    await site.call("DELETE", f"/comments/{posted['comment']['id']}", by=posted["author_token"])
    assert (await queue(site))["reported"] == 0


async def test_a_deletion_by_the_author_settles_the_reports_and_is_in_the_decision_log(
    site: ASite, thread: AThread
) -> None:
    for hides in (False, True):
        await set_rules(site, report_threshold=1, on_report_threshold="hide" if hides else "queue")
        posted = await a_comment(thread, "My neighbour's number is 555 0100.")
        comment = posted["comment"]
        filed = given(await report(thread, comment, note="It has the number 555 0100."))
        before = (await site.call("GET", f"/comments/{comment['id']}", by="moderator")).json()["comment"]
        assert (await site.call("DELETE", f"/comments/{comment['id']}", by=posted["author_token"])).status_code == 204
        settled: Json = {"note": None, "contact": None, "settled": True, "words": None}
        assert await reports_of(site, comment) == [filed | settled]
        decisions = (await site.call("GET", f"/decisions?comment={comment['id']}", by="moderator")).json()["decisions"]
        decision = decisions[0]
        assert [each["decided_by"]["kind"] for each in decisions[1:]] == ["rule"] * hides
        assert decision["decided_by"] == {"kind": "author", "id": None, "name": None}
        told = {name: decision[name] for name in ("action", "before", "after", "revision")}
        assert told == {
            "action": "delete",
            "before": before["state"],
            "after": "deleted",
            "revision": before["revision"],
        }
        async with site.app.state.database.read() as connection:
            settled_by = select(ReportRow.settled_by).where(ReportRow.comment_id == UUID(comment["id"]))
            assert (await connection.scalars(settled_by)).all() == [UUID(decision["id"])]
        deleted = {"id": comment["id"], "revision": before["revision"] + 1}
        [undone] = await decide(site, "undo", deleted)
        assert undone["problem"]["type"] == "/problems/invalid-transition"


async def test_a_deletion_without_open_reports_is_no_decision(site: ASite, thread: AThread) -> None:
    posted = await a_comment(thread)
    await site.call("DELETE", f"/comments/{posted['comment']['id']}", by=posted["author_token"])
    decisions = (
        await site.call("GET", "/decisions", by="moderator", params={"comment": posted["comment"]["id"]})
    ).json()
    assert decisions["decisions"] == []
