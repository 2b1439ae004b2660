"""A thread closes by a request or at its closing time, and reopens only by a request."""

from datetime import timedelta

from tests.builders import ASite, Clock, a_comment, a_thread, decide, events_of

NOON = "2026-11-24T12:00:00Z"


async def test_the_reference_thread_has_its_two_lines(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread)
    await thread.close()
    read = await thread.read()
    assert read["heading"] == "One reply on “Moscow conference calls for global counterterrorism dialogue”"
    assert read["notice"] == "Comments are closed."
    assert read["label"] == "One reply"


async def test_a_reply_after_the_close_is_refused_and_its_text_returned(site: ASite) -> None:
    thread = await a_thread(site, closed=True)
    refused = await thread.post("Too late?", name="Grace")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["type"] == "/problems/thread-closed"
    assert problem["notice"] == "Comments are closed."
    assert problem["draft"]["body"] == "Too late?"
    assert problem["draft"]["author"]["name"] == "Grace"


async def test_a_thread_is_closed_from_the_instant_of_its_closing_time(site: ASite, the_clock: Clock) -> None:
    at = the_clock.instant + timedelta(hours=1)
    thread = await a_thread(site, closing={"kind": "at", "at": at.isoformat()})
    the_clock.move(minutes=59, seconds=59.999999)
    assert (await thread.post()).status_code == 201
    the_clock.move(microseconds=1)
    assert (await thread.read())["state"] == "closed"
    assert (await thread.post()).status_code == 409


async def test_the_close_event_has_the_closing_time(site: ASite, the_clock: Clock) -> None:
    at = the_clock.instant + timedelta(hours=1)
    thread = await a_thread(site, closing={"kind": "at", "at": at.isoformat()})
    the_clock.move(hours=5)
    await thread.post()
    closed = [event for event in await events_of(site) if event["type"] == "thread.closed"]
    assert [event["occurred_at"] for event in closed] == ["2026-11-24T13:00:00Z"]
    assert closed[0]["data"]["thread"]["notice"] == "Comments are closed."


async def test_an_automatic_close_depends_on_publication_and_the_sites_days(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=14)
    thread = await a_thread(site, published_at=NOON)
    the_clock.move(days=14, seconds=-1)
    assert (await thread.read())["state"] == "open"
    assert (await thread.read())["closing"] == {"kind": "auto", "at": "2026-12-08T12:00:00Z"}
    the_clock.move(seconds=1)
    assert (await thread.read())["state"] == "closed"


async def test_without_a_publication_time_an_automatic_thread_never_closes(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=1)
    thread = await a_thread(site)
    the_clock.move(days=1000)
    assert (await thread.post()).status_code == 201


async def test_registering_again_never_reopens(site: ASite, the_clock: Clock) -> None:
    at = the_clock.instant + timedelta(hours=1)
    thread = await a_thread(site, closing={"kind": "at", "at": at.isoformat()})
    the_clock.move(hours=2)
    changed = await site.call("PUT", thread.path, by="host", json={"closing": {"kind": "never"}})
    assert changed.json()["state"] == "closed"
    assert (await thread.post()).status_code == 409


async def test_reopening_is_for_good_unless_a_time_is_given(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=1)
    thread = await a_thread(site, published_at=NOON)
    the_clock.move(days=2)
    assert (await thread.reopen()).json()["closing"] == {"kind": "never", "at": None}
    assert (await thread.post()).status_code == 201
    await thread.close()
    until = (the_clock.instant + timedelta(hours=1)).isoformat()
    assert (await thread.reopen(at=until)).json()["state"] == "open"
    the_clock.move(hours=1)
    assert (await thread.post()).status_code == 409


async def test_reopening_until_a_time_that_has_passed_is_refused(site: ASite) -> None:
    thread = await a_thread(site, closed=True)
    refused = await thread.reopen(at="2020-01-01T00:00:00Z")
    assert refused.status_code == 422
    assert refused.json()["pointer"] == "/at"


async def test_closing_twice_has_one_event(site: ASite) -> None:
    thread = await a_thread(site)
    await thread.close(reason="Two weeks are over.")
    again = await thread.close()
    assert again.json()["close_reason"] == "Two weeks are over."
    assert [event["type"] for event in await events_of(site)] == ["thread.created", "thread.closed"]


async def test_requests_that_a_closed_thread_accepts(site: ASite) -> None:
    await site.set(mode="hold", edit_window_seconds=3600)
    thread = await a_thread(site)
    held, other = await a_comment(thread, "Please publish me."), await a_comment(thread, "I will go.")
    await thread.close()
    own = f"/comments/{other['comment']['id']}"
    edited = await site.call("PATCH", own, by=other["author_token"], json={"body": "I will not."})
    assert (edited.status_code, edited.json()["draft"]["body"]) == (409, "I will not.")
    assert (await site.call("DELETE", own, by=other["author_token"])).status_code == 204
    [result] = await decide(site, "publish", held["comment"])
    assert result["state"] == "published"
    assert (await thread.read())["reply_count"] == 1


async def test_a_thread_is_open_until_its_closing_time(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    at = (the_clock.instant + timedelta(days=1)).isoformat()
    closing = (await thread.close(at=at, reason="The vote ends.")).json()
    assert (closing["state"], closing["close_reason"]) == ("open", None)
    the_clock.move(days=1)
    closed = await thread.read()
    assert (closed["state"], closed["close_reason"]) == ("closed", "The vote ends.")


async def test_a_closing_time_is_announced_for_seven_days(site: ASite, the_clock: Clock) -> None:
    await site.set(time_zone="Europe/Berlin")
    at = the_clock.instant + timedelta(days=8)  # 2 December, 12:00 UTC
    thread = await a_thread(site, closing={"kind": "at", "at": at.isoformat()})
    ways = {"thread": thread.path, "page": f"{thread.path}/comments", "fragment": f"{thread.path}/comments.html"}

    async def tags() -> dict[str, str]:
        return {name: (await site.call("GET", path)).headers["etag"] for name, path in ways.items()}

    the_clock.move(days=1, seconds=-3)
    assert ((await thread.read())["closes_at"], (await thread.read())["notice"]) == (None, None)
    before = await tags()
    response = await site.call("GET", thread.path)
    assert response.headers["cache-control"] == "public, max-age=3"  # not past the change
    the_clock.move(seconds=3)
    read = await thread.read()
    assert read["state"] == "open"
    assert (read["closes_at"], read["notice"]) == ("2026-12-02T12:00:00Z", "Comments close on 2 December at 13:00.")
    now = await tags()
    assert [name for name in ways if before[name] == now[name]] == []
    fragment = (await site.call("GET", ways["fragment"])).text
    assert '<p class="notice">Comments close on 2 December at 13:00.</p>' in fragment
    assert 'data-state="open"' in fragment
    assert "<form" in fragment
    assert (await thread.post()).status_code == 201
    await site.call("PUT", thread.path, by="host", json={"comments_on": False})
    off = await thread.read()
    assert (off["closes_at"], off["notice"]) == (None, "Comments are off.")
    assert 'data-state="closed"' in (await site.call("GET", ways["fragment"])).text


async def test_a_time_zone_that_does_not_exist_is_refused(site: ASite) -> None:
    for zone in ("Europe/Atlantis", "posixrules/x", "europe/berlin", "../etc/passwd", "", "UTC\n"):
        refused = await site.call("PATCH", "/settings", by="admin", json={"time_zone": zone})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/time_zone"), zone
    assert (await site.call("PATCH", "/settings", by="admin", json={"time_zone": "America/Sao_Paulo"})).is_success
