"""A closed site overrides its threads until it is reopened."""

from datetime import timedelta

from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide, events_of
from tests.reading.streams.stream_client import open_stream

REASON = "Comments reopen after the count."


async def close(site: ASite, **body: object) -> Json:
    response = await site.call("POST", "/close", by="moderator", json=body)
    assert response.status_code == 200, response.text
    closed: Json = response.json()
    return closed


async def types(site: ASite) -> list[str]:
    return [event["type"] for event in await events_of(site)]


async def seen(thread: AThread) -> Json:
    read = await thread.read()
    return {name: read[name] for name in ("state", "closed_by_site", "close_reason", "notice")}


async def test_a_closed_site_refuses_comments_in_every_thread_and_is_one_event(
    own_site: ASite, the_clock: Clock
) -> None:
    site = own_site
    thread, closed_before, later = await a_thread(site), await a_thread(site), await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    await closed_before.close(reason="Old.")
    ways = [thread.path, f"{thread.path}/comments", f"{thread.path}/comments.html", f"/counts?article={thread.article}"]
    ways += [f"{thread.path}/feed.atom", "/feed.atom"]
    tags = [(await site.call("GET", way)).headers["etag"] for way in ways]
    the_clock.move(hours=1)
    before = len(await types(site))
    closed = await close(site, reason=REASON)
    assert closed["threads"] == 2
    assert (await types(site))[before:] == ["site.closed"]
    assert [
        way for way, tag in zip(ways, tags, strict=True) if (await site.call("GET", way)).headers["etag"] == tag
    ] == []
    assert await seen(thread) == {
        "state": "closed",
        "closed_by_site": True,
        "close_reason": REASON,
        "notice": "Comments are closed.",
    }
    assert (await thread.read())["closed_at"] == closed["closure"]["closed_at"]
    assert await seen(closed_before) == {**await seen(thread), "closed_by_site": False, "close_reason": "Old."}
    refused = await thread.post("Too late?")
    assert (refused.status_code, refused.json()["close_reason"]) == (409, REASON)
    assert (await (await a_thread(site)).post()).status_code == 409  # a new thread too
    assert f"Comments are closed. {REASON}" in (await site.call("GET", f"{thread.path}/feed.atom")).text
    assert f"Comments are closed. {REASON}" in (await site.call("GET", "/feed.atom")).text
    page = (await site.call("GET", ways[2])).text
    assert 'data-state="closed"' in page
    counts = (await site.call("GET", ways[3])).json()["counts"]
    assert (counts[0]["state"], counts[0]["reply_count"]) == ("closed", 1)
    listed = [
        len((await site.call("GET", f"/threads?state={s}", by="host")).json()["threads"]) for s in ("open", "closed")
    ]
    assert listed == [0, 4]
    await decide(site, "reject", comment)  # moderators still decide
    assert (await thread.read())["reply_count"] == 0
    assert (await close(site, reason="Again."))["closure"] == closed["closure"]  # a closed site stays as it is
    await thread.close(reason="Done.")
    reopened = await site.call("POST", "/reopen", by="host")
    assert reopened.json()["id"] == closed["closure"]["id"]
    assert reopened.json()["reopened_at"] == "2026-11-24T13:00:00Z"
    assert [(await each.read())["state"] for each in (thread, closed_before, later)] == ["closed", "closed", "open"]
    assert (await later.post()).status_code == 201
    assert (await site.call("POST", "/reopen", by="host")).status_code == 404
    assert (await types(site)).count("site.reopened") == 1
    decisions = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert [each["action"] for each in decisions if each["article"] is None][:2] == ["reopen", "close"]


async def test_a_site_closed_until_a_time_reopens_by_itself(own_site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(own_site)
    until = the_clock.instant + timedelta(minutes=1)
    for past in ("2020-01-01T00:00:00Z", the_clock.instant.isoformat()):
        refused = await own_site.call("POST", "/close", by="host", json={"until": past})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/until")
    await close(own_site, until=until.isoformat())
    the_clock.move(seconds=57)
    response = await own_site.call("GET", thread.path)
    assert (response.json()["state"], response.headers["cache-control"]) == ("closed", "public, max-age=3")
    the_clock.move(seconds=3)
    assert (await own_site.call("GET", thread.path)).json()["state"] == "open"
    assert (await thread.post()).status_code == 201  # before anything has written the end
    await own_site.sweep()
    [event] = [each for each in await events_of(own_site) if each["type"] == "site.reopened"]
    assert event["occurred_at"] == event["data"]["closure"]["reopened_at"] == "2026-11-24T12:01:00Z"
    await own_site.sweep()
    assert (await types(own_site)).count("site.reopened") == 1


async def test_authors_do_not_edit_while_the_site_is_closed(own_site: ASite) -> None:
    await own_site.set(edit_window_seconds=3600)
    posted = await a_comment(await a_thread(own_site))
    await close(own_site)
    path, token = f"/comments/{posted['comment']['id']}", posted["author_token"]
    refused = await own_site.call("PATCH", path, by=token, json={"body": "Better."})
    assert refused.json()["type"] == "/problems/thread-closed"
    assert (await own_site.call("DELETE", path, by=token)).status_code == 204


async def test_streams_say_that_the_site_is_closed(own_site: ASite) -> None:
    thread, other = await a_thread(own_site), await a_thread(own_site)
    async with open_stream(thread) as first, open_stream(other) as second:
        await close(own_site, reason=REASON)
        for listener in (first, second):
            told = await listener.next_message()
            assert told.event == "thread.closed"
            assert {name: told.data["thread"][name] for name in ("state", "close_reason")} == {
                "state": "closed",
                "close_reason": REASON,
            }
        await thread.close(reason="Done.")
        assert (await first.next_message()).data["thread"]["close_reason"] == "Done."
        async with open_stream(other, query="sequence=1") as late:  # joined while it is closed
            assert (await late.next_message()).data["thread"]["state"] == "closed"
        await own_site.call("POST", "/reopen", by="host")
        told = await second.next_message()
        while told.data["thread"]["state"] == "closed":  # who joins just then may be told twice
            told = await second.next_message()
        assert told.data["thread"]["state"] == "open"
        assert (await first.next_message()).data["thread"]["state"] == "closed"  # itself
        await a_comment(other)
        assert (await second.next_message()).event == "comment.published"


async def test_a_thread_that_closes_itself_in_a_closed_site_is_not_304(own_site: ASite, the_clock: Clock) -> None:
    at = the_clock.instant + timedelta(minutes=1)
    thread = await a_thread(own_site, closing={"kind": "at", "at": at.isoformat()})
    await close(own_site, reason=REASON)
    ways = [thread.path, f"{thread.path}/comments", f"{thread.path}/comments.html"]
    tags = [(await own_site.call("GET", way)).headers["etag"] for way in ways]
    the_clock.move(minutes=1)
    for way, tag in zip(ways, tags, strict=True):  # before anything has written the close
        response = await own_site.call("GET", way, headers={"If-None-Match": tag})
        assert (response.status_code, REASON in response.text) == (200, False), way
