"""Threads are closed by a filter, and exactly these are reopened."""

from datetime import timedelta

import pytest

from service.conversation.closures import close_threads
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, events_of


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads a transaction, so that every test has several."""
    monkeypatch.setattr(close_threads, "CHUNK", 2)


async def close(site: ASite, **body: object) -> Json:
    response = await site.call("POST", "/close", by="moderator", json=body)
    assert response.status_code == 200, response.text
    closed: Json = response.json()
    return closed


async def states(threads: list[AThread]) -> str:
    """The first letters of the states of ``threads``."""
    return "".join([(await thread.read())["state"][0] for thread in threads])


async def reopen(site: ASite, closed: Json) -> Json:
    response = await site.call("POST", "/reopen", by="moderator", json={"id": closed["closure"]["id"]})
    assert response.status_code == 200, response.text
    ended: Json = response.json()
    return ended


async def test_a_filter_closes_the_open_threads_that_match_all_its_members(own_site: ASite, the_clock: Clock) -> None:
    now = the_clock.instant
    day = [(now - timedelta(days=days)).isoformat() for days in range(10)]
    threads = [
        await a_thread(own_site, published_at=day[9], section="sport"),
        await a_thread(own_site, published_at=day[9], section="world"),
        await a_thread(own_site, published_at=day[2], section="sport"),
        await a_thread(own_site, section="sport"),  # without a publication time
        await a_thread(own_site, published_at=day[9], section="sport"),
    ]
    await a_comment(threads[0])
    the_clock.move(hours=2)
    hour = (now + timedelta(hours=1)).isoformat()
    await a_comment(threads[4])
    await own_site.call("PUT", threads[1].path, by="host", json={"title": "Another"})  # no comment, so still quiet
    for body, expected in (
        ({"section": "sport"}, "coccc"),
        ({"section": "weather"}, "ooooo"),
        ({"published_before": day[5]}, "ccooc"),
        ({"quiet_since": hour}, "cccco"),
        ({"quiet_since": hour, "published_before": day[5], "section": "sport"}, "coooo"),
    ):
        counted = await close(own_site, **body, dry_run=True)
        assert counted == {"threads": expected.count("c"), "closure": None}, body
        assert await states(threads) == "ooooo"
        closed = await close(own_site, **body, reason="Enough.")
        assert (closed["threads"], await states(threads)) == (expected.count("c"), expected), body
        assert (await reopen(own_site, closed))["threads"] == expected.count("c")
        assert await states(threads) == "ooooo", body


async def test_undoing_reopens_these_threads_and_no_other(own_site: ASite, the_clock: Clock) -> None:
    at = the_clock.instant + timedelta(hours=1)
    threads = [await a_thread(own_site, section="a") for _ in range(4)]
    threads.append(await a_thread(own_site, section="a", closing={"kind": "at", "at": at.isoformat()}))
    await threads[0].close(reason="Before.")
    closed = await close(own_site, section="a", reason="Batch.")
    assert closed["threads"] == 4
    second = await close(own_site, section="a")
    assert second["threads"] == 0
    await own_site.call("PUT", threads[1].path, by="host", json={"title": "Another"})  # stays in the closure
    await threads[2].reopen()
    await threads[2].close(reason="After.")
    later = await a_thread(own_site, section="a", closed=True)
    assert await reopen(own_site, second)
    assert await states([*threads, later]) == "cccccc"
    the_clock.move(hours=2)
    before = len(await events_of(own_site))
    ended = await reopen(own_site, closed)
    assert ended["reopened_at"] == "2026-11-24T14:00:00Z"
    assert await states([*threads, later]) == "cococc"
    events = (await events_of(own_site))[before:]
    assert [(each["type"], each["data"]["thread"]["article"]) for each in events] == [
        ("thread.reopened", threads[1].article),
        ("thread.reopened", threads[3].article),
        ("thread.updated", threads[4].article),  # its own closing time has passed
    ]
    assert (await threads[4].read())["closed_at"] == "2026-11-24T13:00:00Z"
    assert [(await each.read())["close_reason"] for each in threads] == ["Before.", None, "After.", None, None]
    assert await reopen(own_site, closed) == ended  # once
    assert len(await events_of(own_site)) == before + 3
    await own_site.sweep()
    assert len(await events_of(own_site)) == before + 3
    unknown = await own_site.call("POST", "/reopen", by="host", json={"id": "01a20e7c-2a80-7bd4-9d53-2f6a1c9d0b11"})
    assert unknown.status_code == 404


async def test_threads_closed_until_a_time_are_reopened_by_the_sweep(own_site: ASite, the_clock: Clock) -> None:
    threads = [await a_thread(own_site, section="a") for _ in range(3)]
    until = the_clock.instant + timedelta(hours=1)
    await close(own_site, section="a", until=until.isoformat())
    await own_site.sweep()
    assert await states(threads) == "ccc"
    the_clock.move(hours=1)
    await own_site.sweep()
    assert await states(threads) == "ooo"
    assert [(await thread.post()).status_code for thread in threads] == [201] * 3


async def test_closures_are_listed_newest_first(own_site: ASite) -> None:
    made = [(await close(own_site, section=f"s{number}"))["closure"]["id"] for number in range(3)]
    made.append((await close(own_site))["closure"]["id"])
    page = (await own_site.call("GET", "/closures?limit=3", by="moderator")).json()
    rest = (await own_site.call("GET", "/closures", by="moderator", params={"cursor": page["next"]})).json()
    assert [each["id"] for each in page["closures"] + rest["closures"]] == made[::-1]
    assert [each["scope"] for each in page["closures"]] == ["site", "threads", "threads"]
    assert rest["next"] is None


async def test_undoing_brings_back_the_reason_of_a_close_that_was_to_come(own_site: ASite, the_clock: Clock) -> None:
    threads = [await a_thread(own_site, section="a") for _ in range(4)]
    at = (the_clock.instant + timedelta(hours=1)).isoformat()
    for thread in threads[:3]:
        await thread.close(at=at, reason="The vote ends.")
    closed = await close(own_site, section="a", reason="Batch.")
    assert [(await each.read())["close_reason"] for each in threads] == ["Batch."] * 4
    body = {"title": "A", "closing": {"kind": "at", "at": (the_clock.instant + timedelta(minutes=30)).isoformat()}}
    await own_site.call("PUT", threads[2].path, by="host", json=body)  # another close, of which nobody gave a reason
    await reopen(own_site, closed)
    again = await close(own_site, section="a")
    the_clock.move(hours=1)
    await reopen(own_site, again)
    for _ in range(2):
        reasons = [(await each.read())["close_reason"] for each in threads]
        assert (reasons, await states(threads)) == (["The vote ends.", "The vote ends.", None, None], "ccco")
        await own_site.sweep()
