"""Moderators decide on the revision they saw; an invalid action is refused for its comment only."""

from uuid import UUID, uuid4

from sqlalchemy import select

from service.conversation.readers.model import ReportRow
from tests.builders import Action, ASite, Clock, Json, a_comment, a_thread, decide, events_of


async def test_publishing_a_held_comment_counts_it(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    held = await a_comment(thread)
    [result] = await decide(site, "publish", held["comment"])
    assert result == {"id": held["comment"]["id"], "state": "published", "revision": 2}
    assert (await thread.read())["reply_count"] == 1
    assert (await events_of(site))[-1]["data"]["thread"]["label"] == "One reply"


async def test_a_decision_on_an_old_revision_is_refused(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    await decide(site, "reject", posted["comment"])
    [late] = await decide(site, "spam", posted["comment"])
    assert (late["problem"]["status"], late["problem"]["type"]) == (409, "/problems/revision-conflict")


async def test_a_request_decides_on_many_comments_and_each_can_fail_alone(site: ASite) -> None:
    thread, other = await a_thread(site, mode="hold"), await a_thread(site, mode="hold")
    first, second = await a_comment(thread), await a_comment(other)
    unknown = {"id": str(uuid4()), "revision": 1}
    results = await decide(site, "publish", first["comment"], unknown, second["comment"])
    assert [result.get("state", result.get("problem", {}).get("status")) for result in results] == [
        "published",
        404,
        "published",
    ]
    assert [(await one.read())["reply_count"] for one in (thread, other)] == [1, 1]


async def test_a_rejected_comment_with_replies_is_a_tombstone_until_restored(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "Rude.")
    await a_comment(thread, "Why so rude?", below=posted["comment"]["id"])
    [rejected] = await decide(site, "reject", posted["comment"])
    assert [comment["state"] for comment in await thread.pages()] == ["deleted", "published"]
    assert (await thread.read())["reply_count"] == 1
    await decide(site, "restore", rejected)
    assert [comment["state"] for comment in await thread.pages()] == ["published", "published"]
    assert (await thread.read())["reply_count"] == 2


async def test_only_moderators_decide(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    body = {"action": "reject", "comments": [{"id": posted["comment"]["id"], "revision": 1}]}
    for by, status in ((None, 401), (posted["author_token"], 403), ("host", 403), ("moderator", 200)):
        assert (await site.call("POST", "/decisions", by=by, json=body)).status_code == status


async def test_a_decision_is_undone_within_ten_minutes(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    posted = (await a_comment(thread))["comment"]
    [spam] = await decide(site, "spam", posted)
    the_clock.move(minutes=9, seconds=59)
    [undone] = await decide(site, "undo", spam)
    assert (undone["state"], undone["revision"]) == ("published", 3)
    assert (await thread.read())["reply_count"] == 1
    assert [event["type"] for event in await events_of(site)][-2:] == ["comment.spam", "comment.restored"]
    [again] = await decide(site, "undo", undone)
    assert again["problem"]["type"] == "/problems/invalid-transition"
    log = (await site.call("GET", "/decisions", by="moderator", params={"comment": posted["id"]})).json()["decisions"]
    assert [(each["action"], each["before"], each["after"]) for each in log] == [
        ("undo", "spam", "published"),
        ("spam", "published", "spam"),
    ]


async def test_holding_takes_a_comment_down_and_leaves_its_reports_open(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    path = f"/comments/{posted['comment']['id']}"
    await site.call("POST", f"{path}/reports", json={"reason": "abuse"})
    [held] = await decide(site, "hold", posted["comment"])
    assert (held["state"], held["revision"]) == ("pending", 2)
    assert await thread.pages() == []
    own = (await site.call("GET", path, by=posted["author_token"])).json()["comment"]
    assert (own["state"], len(own["status_reasons"])) == ("pending", 1)
    assert (await decide(site, "hold", held))[0]["problem"]["type"] == "/problems/invalid-transition"
    [undone] = await decide(site, "undo", held)
    reported = (await site.call("GET", "/queue?state=reported", by="moderator")).json()
    assert [each["comment"]["id"] for each in reported["comments"]] == [undone["id"]]
    [again] = await decide(site, "hold", undone)
    async with site.app.state.database.read() as connection:
        of_comment = ReportRow.comment_id == UUID(again["id"])
        assert [*await connection.scalars(select(ReportRow.settled_by).where(of_comment))] == [None]
    await decide(site, "publish", again)
    assert (await site.call("GET", "/queue?state=reported", by="moderator")).json()["comments"] == []
    assert [each["type"] for each in await events_of(site)][-4:] == [
        *("comment.held", "comment.restored", "comment.held", "comment.published"),
    ]


async def test_a_featured_comment_has_a_badge_until_it_changes(site: ASite) -> None:
    thread = await a_thread(site)
    plain, posted = await a_comment(thread, "Plain."), await a_comment(thread, "Worth reading.")

    async def picks(**query: str) -> list[str]:
        page = await site.call("GET", f"{thread.path}/comments", params={"featured": "true", **query})
        assert page.status_code == 200, page.text
        return [each["id"] for each in page.json()["comments"] if each["featured"] is True]

    assert await picks() == []
    for wrong in ("1", "True", ""):
        assert (await site.call("GET", f"{thread.path}/comments?featured={wrong}")).status_code == 400
    version = (await site.call("GET", f"{thread.path}/comments")).headers["etag"]
    [featured] = await decide(site, "feature", posted["comment"])
    assert (featured["state"], featured["revision"]) == ("published", 2)
    assert await picks() == await picks(order="newest") == [featured["id"]]
    page = await site.call("GET", f"{thread.path}/comments", headers={"If-None-Match": version})
    assert [each.get("featured") for each in page.json()["comments"]] == [None, True]
    html = (await site.call("GET", f"{thread.path}/comments.html")).text
    assert html.count('<span class="featured" itemprop="award">Editors’ pick</span>') == 1
    assert (await thread.read())["reply_count"] == 2
    refusals: tuple[tuple[Action, Json], ...] = (
        ("feature", featured),
        ("undo", featured),
        ("unfeature", plain["comment"]),
    )
    for action, again in refusals:
        [refused] = await decide(site, action, again)
        assert refused["problem"]["type"] == "/problems/invalid-transition"
    [unfeatured] = await decide(site, "unfeature", featured)
    assert await picks() == []
    events = [each for each in await events_of(site) if each["type"].endswith("featured")]
    assert [(each["type"], each["data"]["previous_state"]) for each in events] == [
        ("comment.featured", "published"),
        ("comment.unfeatured", "published"),
    ]
    assert events[-1]["data"]["comment"]["html"] == "<p>Worth reading.</p>"
    [again] = await decide(site, "feature", unfeatured)
    path = f"/comments/{again['id']}"
    await site.call("PATCH", path, by=posted["author_token"], json={"body": "Other words."})
    assert await picks() == []
    [again] = await decide(site, "feature", again | {"revision": again["revision"] + 1})
    assert await picks() == [again["id"]]
    [held] = await decide(site, "hold", again)
    await decide(site, "publish", held)
    assert await picks() == []


async def test_a_decision_is_not_undone_late_or_after_another_change(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site, mode="hold")
    late, edited = await a_comment(thread), await a_comment(thread)
    results = await decide(site, "publish", late["comment"], edited["comment"])
    path = f"/comments/{edited['comment']['id']}"
    better = await site.call("PATCH", path, by=edited["author_token"], json={"body": "Better."})
    the_clock.move(minutes=10)
    [too_late] = await decide(site, "undo", results[0])
    assert too_late["problem"]["type"] == "/problems/invalid-transition"
    [changed] = await decide(site, "undo", results[1])
    assert changed["problem"]["type"] == "/problems/revision-conflict"
    [nothing] = await decide(site, "undo", better.json())
    assert nothing["problem"]["type"] == "/problems/invalid-transition"


async def test_only_restore_publishes_a_comment_deleted_long_ago(site: ASite, the_clock: Clock) -> None:
    posted = (await a_comment(await a_thread(site)))["comment"]
    [deleted] = await decide(site, "delete", posted)
    the_clock.move(minutes=10)
    for action in ("publish", "undo"):
        [refused] = await decide(site, action, deleted)
        assert refused["problem"]["type"] == "/problems/invalid-transition"
    [restored] = await decide(site, "restore", deleted)
    assert restored["state"] == "published"
    assert (await events_of(site))[-1]["type"] == "comment.restored"


async def test_many_decisions_are_undone_at_once_each_to_its_former_state(site: ASite) -> None:
    open_, held = await a_thread(site), await a_thread(site, mode="hold")
    comments = [(await a_comment(thread))["comment"] for thread in (open_, held, open_)]
    rejected = await decide(site, "reject", *comments)
    undone = await decide(site, "undo", *rejected)
    assert [each["state"] for each in undone] == ["published", "pending", "published"]
