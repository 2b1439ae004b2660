"""A section may have opening hours of its own, which override those of the site."""

import pytest

from service.platform.sites.site_settings import SectionSettings
from tests.builders import ASite, Clock, a_thread, events_of
from tests.reading.streams.stream_client import open_stream

BEFORE, AFTER = "Mo-Su 00:00-12:30", "Mo-Su 12:30-24:00"  # the pinned clock shows 12:00 UTC


async def states(site: ASite, state: str) -> set[str]:
    listed = (await site.call("GET", f"/threads?state={state}", by="host")).json()["threads"]
    assert {each["state"] for each in listed} <= {state}
    return {each["article"] for each in listed}


async def test_hours_of_a_section_override_those_of_the_site(own_site: ASite, the_clock: Clock) -> None:
    site = own_site
    sections = {
        "late": SectionSettings(opening_hours=AFTER),
        "early": SectionSettings(opening_hours=BEFORE, outside_hours="close"),
        "held": SectionSettings(outside_hours="hold"),
        "always": SectionSettings(opening_hours=None),
        "other": SectionSettings(mode="publish"),
    }
    await site.set(opening_hours=BEFORE, outside_hours="close", sections=sections)
    threads = {name: await a_thread(site, section=name) for name in (None, *sections, "unknown")}
    closed = await a_thread(site, section="always", closed=True)

    async def check(expected: dict[str | None, int]) -> None:
        """What each section answers a post: 201 published, 202 held, 409 closed; all that tells it agrees."""
        shut = {threads[name].article for name, status in expected.items() if status == 409} | {closed.article}
        every = {thread.article for thread in (*threads.values(), closed)}
        assert (await states(site, "closed"), await states(site, "open")) == (shut, every - shut)
        for name, status in expected.items():
            read = await threads[name].read()
            is_shut = status == 409
            assert (read["state"] == "closed", read["closed_by_site"], read["closed_at"] is not None) == (is_shut,) * 3
            assert (await threads[name].post()).status_code == status, name
            if name:
                feed = (await site.call("GET", f"/feed.atom?section={name}")).text
                assert ("Comments are closed." in feed) == is_shut, name

    open_ = dict.fromkeys(threads, 201)
    await check({**open_, "late": 409})
    async with open_stream(threads["late"]) as listener:
        await site.call("PUT", threads["late"].path, by="host", json={"comments_on": False})
        await site.call("PUT", threads["late"].path, by="host", json={"comments_on": True})
        told = [await listener.next_message() for _ in range(2)]
        assert [each.data["thread"]["state"] for each in told] == ["closed", "closed"]
    the_clock.move(minutes=29, seconds=57)
    for name in ("late", "early"):
        response = await site.call("GET", threads[name].path)
        assert response.headers["cache-control"] == "public, max-age=3"
    the_clock.move(seconds=3)
    await site.sweep()
    await check({**dict.fromkeys(threads, 409), "late": 201, "held": 202, "always": 201})
    switches = [each for each in await events_of(site) if each["type"] == "site.updated"]
    assert len(switches) == 1  # of the site; sections have none


@pytest.mark.parametrize("hours", ["Mo 08:00-12:00,11:00-13:00", "Mo 08:00-08:00"])
async def test_hours_of_a_section_that_overlap_are_refused(own_site: ASite, hours: str) -> None:
    body = {"sections": {"a/b": {"opening_hours": hours}}}
    refused = await own_site.call("PATCH", "/settings", by="admin", json=body)
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/sections/a~1b/opening_hours")
