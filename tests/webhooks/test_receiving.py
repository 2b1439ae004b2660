"""A host tells of its articles, twice, late and out of order, and their threads follow."""

import pytest

from tests.builders import ASite, a_comment, a_thread, events_of
from tests.webhooks.articles import news, send, share_hooks_secret, tell

MORNING, NOON, EVENING = "2026-11-24T08:00:00Z", "2026-11-24T12:00:00Z", "2026-11-24T18:00:00Z"


@pytest.fixture(autouse=True)
async def shared(site: ASite) -> None:
    await share_hooks_secret(site)


async def types(site: ASite) -> list[str]:
    return [event["type"] for event in await events_of(site)]


async def test_a_published_article_has_a_thread_that_closes_by_its_clock(site: ASite) -> None:
    await site.set(close_after_days=7)
    told = (await tell(site, "published", at=NOON, title="Tram", url="https://gazette.example/tram")).json()
    assert (told["title"], told["url"], told["published_at"]) == ("Tram", "https://gazette.example/tram", NOON)
    assert told["closing"] == {"kind": "auto", "at": "2026-12-01T12:00:00Z"}
    assert (await site.call("GET", "/threads/a")).json() == told
    assert await types(site) == ["thread.created"]


async def test_a_withdrawn_article_is_there_for_staff_only_until_it_is_restored(site: ASite) -> None:
    await tell(site, "published", at=MORNING, title="Tram")
    await tell(site, "withdrawn", at=NOON)
    assert (await site.call("GET", "/threads/a")).status_code == 404
    assert (await site.call("GET", "/threads/a", by="host")).json()["withdrawn_at"] == NOON
    await tell(site, "restored", at=EVENING)
    assert (await site.call("GET", "/threads/a")).json()["withdrawn_at"] is None
    assert await types(site) == ["thread.created", "thread.withdrawn", "thread.restored"]


async def test_an_article_with_another_id_keeps_its_comments_and_answers_to_both(site: ASite) -> None:
    await tell(site, "published", at=MORNING, title="Tram")
    thread = await a_thread(site, article="other")
    posted = (await site.call("POST", "/threads/a/comments", json={"body": "Yes.", "author": {"name": "Ada"}})).json()
    assert posted["thread"]["reply_count"] == 1
    moved = (await tell(site, "updated", "b", at=NOON, previous_article="a", title="Trams")).json()
    assert (moved["article"], moved["title"], moved["reply_count"]) == ("b", "Trams", 1)
    for article in ("a", "b"):
        assert (await site.call("GET", f"/threads/{article}")).json() == moved
        page = (await site.call("GET", f"/threads/{article}/comments")).json()
        assert [comment["id"] for comment in page["comments"]] == [posted["comment"]["id"]]
    await a_comment(thread)
    events = await events_of(site)
    assert [event["type"] for event in events][-3:] == ["thread.moved", "thread.updated", "comment.published"]
    assert events[-3]["data"]["previous_article"] == "a"


async def test_what_was_received_before_changes_nothing(site: ASite) -> None:
    first = await send(site, news("published", at=MORNING, title="Tram"), message_id="m")
    await tell(site, "updated", at=NOON, title="Trams")
    again = await send(site, news("published", at=EVENING, title="Tram"), message_id="m")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["title"] == "Trams"
