"""Outside its opening hours a site holds comments, or is closed; while nobody decides, it holds them."""

from tests.builders import ASite, Clock, Json, a_comment, a_thread, decide, events_of
from tests.reading.streams.stream_client import open_stream

HOURS = "Tu 13:00-22:00"  # by the clock in Berlin: 12:00 to 21:00 UTC; the pinned clock shows Tuesday, 12:00 UTC


async def switches(site: ASite) -> list[Json]:
    events = await events_of(site)
    return [{**each["data"]["site"], "at": each["occurred_at"]} for each in events if each["type"] == "site.updated"]


async def test_outside_the_hours_comments_are_held(own_site: ASite, the_clock: Clock) -> None:
    await own_site.set(time_zone="Europe/Berlin", opening_hours=HOURS)
    thread = await a_thread(own_site, mode="publish")
    await own_site.sweep()
    assert await switches(own_site) == []
    assert (await thread.post()).status_code == 201
    the_clock.move(hours=8, minutes=59, seconds=59)
    assert (await thread.post()).status_code == 201
    the_clock.move(seconds=1)
    held = await thread.post("Good night.")
    assert (held.status_code, held.json()["comment"]["state"]) == (202, "pending")
    assert (await thread.read())["state"] == "open"
    await own_site.sweep()
    await own_site.sweep()
    assert await switches(own_site) == [
        {
            "comments": "hold",
            "outside_hours": True,
            "unattended": False,
            "changes_at": "2026-12-01T12:00:00Z",
            "at": "2026-11-24T21:00:00Z",
        }
    ]
    the_clock.move(days=6, hours=15)
    assert (await thread.post()).status_code == 201
    await own_site.sweep()
    assert [(each["comments"], each["at"]) for each in (await switches(own_site))[1:]] == [
        ("open", "2026-12-01T12:00:00Z")
    ]


async def test_outside_the_hours_the_site_is_closed(own_site: ASite, the_clock: Clock) -> None:
    await own_site.set(time_zone="Europe/Berlin", opening_hours=HOURS, outside_hours="close")
    thread = await a_thread(own_site)
    the_clock.move(hours=9, seconds=-3)
    response = await own_site.call("GET", thread.path)
    assert (response.json()["state"], response.headers["cache-control"]) == ("open", "public, max-age=3")
    async with open_stream(thread) as listener:
        the_clock.move(seconds=3)
        told = await listener.next_message()
        assert (told.event, told.data["thread"]["state"]) == ("thread.closed", "closed")
        read = await thread.read()
        assert (read["state"], read["closed_by_site"], read["closed_at"]) == ("closed", True, "2026-11-24T21:00:00Z")
        assert (await thread.post()).json()["type"] == "/problems/thread-closed"
        the_clock.move(days=6, hours=15)
        assert (await listener.next_message()).data["thread"]["state"] == "open"
    assert (await thread.post()).status_code == 201


async def test_without_decisions_a_long_queue_holds_all_until_somebody_is_back(
    own_site: ASite, the_clock: Clock
) -> None:
    await own_site.set(unattended_queue=2, unattended_minutes=30)
    thread = await a_thread(own_site, mode="hold")
    held = [(await a_comment(thread))["comment"] for _ in range(3)]
    free = await a_thread(own_site)
    await decide(own_site, "publish", held.pop())
    held.append((await a_comment(thread))["comment"])
    the_clock.move(minutes=29)
    await own_site.sweep()
    assert (await free.post()).status_code == 201
    assert (await thread.post()).status_code == 202  # what a rule decides does not count
    the_clock.move(minutes=1)
    await own_site.sweep()
    assert (await free.post()).status_code == 202
    assert [(each["comments"], each["unattended"]) for each in await switches(own_site)] == [("hold", True)]
    the_clock.move(minutes=1)
    assert (await free.post()).status_code == 202
    await own_site.sweep()
    assert (await free.post()).status_code == 202
    await decide(own_site, "publish", held.pop())
    await own_site.sweep()
    assert (await free.post()).status_code == 201
    assert [each["comments"] for each in await switches(own_site)] == ["hold", "open"]
    the_clock.move(hours=1)
    await own_site.set(unattended_queue=None)
    await own_site.sweep()
    assert len(await switches(own_site)) == 2


async def test_hours_that_overlap_are_refused(site: ASite) -> None:
    for hours in ("Mo-Fr 08:00-22:00; Fr 20:00-23:00", "Mo 08:00-08:00", "Mo 8-9", "always"):
        refused = await site.call("PATCH", "/settings", by="admin", json={"opening_hours": hours})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/opening_hours"), hours
    assert (await site.call("GET", "/settings", by="admin")).json()["opening_hours"] is None
