"""A host registers and updates articles; repeated, late or reordered requests do no harm."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from service.app import App, create_app
from service.settings import Settings
from tests.builders import REFERENCE_TITLE, ASite, Clock, Json, a_comment, a_site, a_thread, decide, events_of
from tests.conftest import SECRET_KEY

NOON = "2026-11-24T12:00:00Z"
EVERYTHING: Json = {
    "title": "First",
    "url": "https://gazette.example/a",
    "published_at": "2026-11-20T08:00:00Z",
    "updated_at": "2026-11-21T09:30:00.25Z",
    "closing": {"kind": "at", "at": "2027-01-01T00:00:00Z"},
    "mode": "hold",
    "comments_on": False,
}


async def put(site: ASite, article: str = "a", **body: Any) -> httpx2.Response:
    return await site.call("PUT", f"/threads/{article}", by="host", json=body)


async def types(site: ASite) -> list[str]:
    return [event["type"] for event in await events_of(site)]


async def test_the_first_registration_is_201_and_the_next_200(site: ASite) -> None:
    assert [(await put(site, title="A")).status_code for _ in range(3)] == [201, 200, 200]
    assert await types(site) == ["thread.created"]


async def test_all_members_are_stored(site: ASite, the_clock: Clock) -> None:
    registered = (await put(site, **EVERYTHING)).json()
    read = (await site.call("GET", "/threads/a")).json()
    assert registered == read
    assert {name: read[name] for name in EVERYTHING} == {**EVERYTHING, "updated_at": "2026-11-21T09:30:00.250000Z"}
    [event] = await events_of(site)
    assert event["data"]["thread"] == read
    assert (read["heading"], read["notice"]) == ("No replies on “First”", "Comments are off.")


async def test_a_new_thread_is_open_with_its_sites_mode(site: ASite) -> None:
    thread = (await put(site, title="A")).json()
    expected = {
        "state": "open",
        "closing": {"kind": "auto", "at": None},
        "mode": None,
        "comments_on": True,
        "url": None,
    }
    assert {name: thread[name] for name in expected} == expected


@pytest.mark.parametrize("name", EVERYTHING)
async def test_members_left_out_keep_their_values(site: ASite, the_clock: Clock, name: str) -> None:
    before = (await put(site, **EVERYTHING)).json()
    others: Json = {
        "title": "Second",
        "url": None,
        "published_at": "2026-11-19T08:00:00Z",
        "updated_at": "2026-11-22T00:00:00Z",
        "closing": {"kind": "never"},
        "mode": None,
        "comments_on": True,
    }
    after = (await put(site, **{name: others[name]})).json()
    follows = {"heading", "notice", "sequence"}
    assert {member for member in before if before[member] != after[member]} - follows == {name}
    assert await types(site) == ["thread.created", "thread.updated"]


async def test_a_registration_that_changes_nothing_writes_nothing(site: ASite, the_clock: Clock) -> None:
    first = await put(site, **EVERYTHING)
    the_clock.move(hours=1)
    same = {**EVERYTHING, "published_at": "2026-11-20T09:00:00+01:00", "title": "  First "}
    for body in (EVERYTHING, same, {}):
        assert (await put(site, **body)).json() == first.json()
    assert await types(site) == ["thread.created"]
    changed = (
        await site.call("GET", f"/threads?changed_since={the_clock.instant.isoformat()[:19]}Z", by="host")
    ).json()
    assert changed["threads"] == []


async def test_older_changes_are_ignored(site: ASite) -> None:
    await put(site, title="New", updated_at=NOON)
    late = await put(site, title="Old", comments_on=False, updated_at="2026-11-24T11:59:59.999999Z")
    assert (late.status_code, late.json()["title"], late.json()["comments_on"]) == (200, "New", True)
    assert await types(site) == ["thread.created"]


async def test_changes_of_the_same_age_or_without_age_apply(site: ASite) -> None:
    await put(site, title="First", updated_at=NOON)
    assert (await put(site, title="Second", updated_at="2026-11-24T13:00:00+01:00")).json()["title"] == "Second"
    third = (await put(site, title="Third")).json()
    assert (third["title"], third["updated_at"]) == ("Third", NOON)


async def test_times_are_returned_in_utc(site: ASite, the_clock: Clock) -> None:
    await put(site, title="A")
    at = "2026-12-24T14:00:00+02:00"
    utc = "2026-12-24T12:00:00Z"
    changed = (await put(site, published_at="2026-11-24T13:00:00+01:00", closing={"kind": "at", "at": at})).json()
    assert (changed["published_at"], changed["closing"]) == (NOON, {"kind": "at", "at": utc})
    assert (await events_of(site))[-1]["data"]["thread"]["closing"]["at"] == utc
    closing = await site.call("POST", "/threads/a/close", by="host", json={"at": "2026-12-25T14:00:00+02:00"})
    assert closing.json()["closing"]["at"] == "2026-12-25T12:00:00Z"


async def test_registering_never_reopens(site: ASite) -> None:
    thread = await a_thread(site, closed=True)
    for body in (EVERYTHING, {"closing": {"kind": "never"}}, {"title": "Other"}):
        changed = (await site.call("PUT", thread.path, by="host", json=body)).json()
        assert (changed["state"], changed["notice"]) == ("closed", "Comments are closed.")
    assert "thread.reopened" not in await types(site)


async def test_a_new_thread_needs_a_title_and_an_update_keeps_it(site: ASite) -> None:
    refused = await put(site, url="https://gazette.example/a")
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/title")
    assert (await site.call("GET", "/threads/a")).status_code == 404
    assert await events_of(site) == []
    await put(site, title="A")
    assert (await put(site, url="https://gazette.example/a")).json()["title"] == "A"


async def test_comments_are_turned_off_and_on(site: ASite) -> None:
    thread = await a_thread(site)
    for on, notice, status in ((False, "Comments are off.", 409), (True, None, 201)):
        changed = (await site.call("PUT", thread.path, by="host", json={"comments_on": on})).json()
        assert (changed["state"], changed["notice"]) == ("open", notice)
        assert (await thread.post()).status_code == status


async def test_a_threads_mode_overrides_its_sites_until_it_is_null(site: ASite) -> None:
    thread = await a_thread(site, mode="publish")
    await site.set(mode="hold")
    assert (await thread.post()).status_code == 201
    assert (await site.call("PUT", thread.path, by="host", json={"mode": None})).json()["mode"] is None
    assert (await thread.post()).status_code == 202


async def test_an_article_under_a_new_embargo_is_hidden_again(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site, url="https://gazette.example/a")
    comment = (await a_comment(thread))["comment"]["id"]
    later = (the_clock.instant + timedelta(hours=1)).isoformat()
    await site.call("PUT", thread.path, by="host", json={"published_at": later})
    for path in (
        thread.path,
        f"{thread.path}/comments",
        "/threads?url=https://gazette.example/a",
        f"/comments/{comment}",
    ):
        assert (await site.call("GET", path)).status_code == 404
        assert (await site.call("GET", path, by="moderator")).status_code == 200
    the_clock.move(hours=1)
    assert (await thread.read())["reply_count"] == 1


async def test_the_heading_has_the_title_with_nested_quotation_marks(site: ASite) -> None:
    thread = await a_thread(site, title="{n} & <b>“{title}”</b>\u202e ")
    assert thread.registered["heading"] == "No replies on “{n} & <b>‘{title}’</b>”"


async def test_two_concurrent_registrations_create_one_thread(site: ASite) -> None:
    bodies = [put(site, title="A") for _ in range(20)]
    statuses = [response.status_code for response in await asyncio.gather(*bodies)]
    assert sorted(statuses) == [200] * 19 + [201]
    assert await types(site) == ["thread.created"]


async def test_two_processes_that_register_concurrently_create_one_thread(app: App, database_url: str) -> None:
    """Two apps share only the database."""
    second = create_app(Settings(secret_key=SECRET_KEY, database_url=database_url, sweep_seconds=3600))
    async with a_site(app) as site, second.router.lifespan_context(second):
        transport = httpx2.ASGITransport(app=second)
        async with httpx2.AsyncClient(transport=transport, base_url="http://onereply.test") as client:
            twin = ASite(second, site.slug, site.keys, client)
            for number in range(10):
                article = f"a-{number}"
                both = await asyncio.gather(*(put(one, article, title=REFERENCE_TITLE) for one in (site, twin)))
                assert sorted(response.status_code for response in both) == [200, 201]
        assert [event["position"] for event in await events_of(site)] == list(range(1, 11))


async def test_the_thread_changes_with_its_comments(site: ASite) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    await decide(site, "reject", comment)
    assert (await put(site, thread.article, title="Other")).json()["reply_count"] == 0
