"""Threads follow article events, also repeated, late and out of order ones."""

import json
from asyncio import gather
from pathlib import Path
from typing import Any

import pytest

from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, events_of
from tests.integrations.articles.articles import article_event, send, send_event, share_webhook_secret
from tests.samples import HAS_REAL, OWN, REAL

MORNING, NOON, EVENING = "2026-11-24T08:00:00Z", "2026-11-24T12:00:00Z", "2026-11-24T18:00:00Z"
URL = "https://gazette.example/"


@pytest.fixture(autouse=True)
async def shared(site: ASite) -> None:
    await share_webhook_secret(site)


async def types(site: ASite) -> list[str]:
    return [event["type"] for event in await events_of(site)]


async def read(site: ASite, article: str, *, by: str | None = None) -> Json:
    return await AThread(site, article).read(by=by)


async def test_a_published_article_has_a_thread_that_closes_by_its_publication_date(site: ASite) -> None:
    await site.set(close_after_days=7)
    thread_out = (await send_event(site, "published", at=NOON, title="Tram", url=URL)).json()
    assert (thread_out["title"], thread_out["url"], thread_out["published_at"]) == ("Tram", URL, NOON)
    assert thread_out["closing"] == {"kind": "auto", "at": "2026-12-01T12:00:00Z"}
    assert await read(site, "a") == thread_out
    assert await types(site) == ["thread.created"]


async def test_an_explicit_publication_date_wins_over_the_time_of_the_event(site: ASite) -> None:
    await send_event(site, "updated", at=NOON, title="Tram", published_at=MORNING)
    assert (await send_event(site, "published", at=EVENING)).json()["published_at"] == MORNING


async def test_publishing_a_known_article_updates_and_restores_it(site: ASite) -> None:
    thread = await a_thread(site, article="a", url=URL, published_at=MORNING)
    await a_comment(thread)
    await send_event(site, "withdrawn", at=NOON)
    thread_out = (await send_event(site, "published", at=EVENING, title="Back")).json()
    assert (thread_out["title"], thread_out["url"], thread_out["published_at"], thread_out["reply_count"]) == (
        "Back",
        URL,
        MORNING,
        1,
    )
    assert (await types(site))[-2:] == ["thread.updated", "thread.restored"]


async def test_an_update_with_a_title_registers_an_unknown_article(site: ASite) -> None:
    refused = await send(site, article_event("updated", url=URL))
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-field")
    assert refused.json()["pointer"] == "/data/title"
    assert (await site.call("GET", "/threads/a", by="host")).status_code == 404
    assert (await send_event(site, "updated", title="Tram")).json()["title"] == "Tram"


async def test_a_refused_event_is_accepted_when_it_is_sent_again(site: ASite) -> None:
    late = article_event("updated", at=NOON, url=URL)
    assert (await send(site, late, message_id="m")).status_code == 422
    await send_event(site, "published", at=MORNING, title="Tram")
    assert (await send(site, late, message_id="m")).json()["url"] == URL


async def test_a_withdrawn_article_is_visible_to_staff_only_until_it_is_restored(site: ASite) -> None:
    await send_event(site, "published", at=MORNING, title="Tram", url=URL)
    posted = await a_comment(AThread(site, "a"))
    comment, token = f"/comments/{posted['comment']['id']}", posted["author_token"]
    await send_event(site, "withdrawn", at=NOON)
    for path in ("/threads/a", "/threads/a/comments", f"/threads?url={URL}", comment):
        for reader in (None, token):
            assert (await site.call("GET", path, by=reader)).status_code == 404, path
        assert (await site.call("GET", path, by="moderator")).status_code == 200, path
    assert (await site.client.get(f"/{site.slug}/a")).status_code == 404
    [count] = (await site.call("GET", "/counts?article=a")).json()["counts"]
    assert (count["reply_count"], count["state"]) == (0, None)
    assert (await site.call("PATCH", comment, by=token, json={"body": "Better."})).status_code == 404
    assert (await site.call("POST", f"{comment}/reports", json={"reason": "spam"})).status_code == 404
    assert (await read(site, "a", by="host"))["withdrawn_at"] == NOON
    await send_event(site, "restored", at=EVENING)
    assert (await read(site, "a"))["withdrawn_at"] is None
    assert (await site.call("GET", comment)).status_code == 200
    assert [kind for kind in await types(site) if kind.startswith("thread")] == [
        "thread.created",
        "thread.withdrawn",
        "thread.restored",
    ]


@pytest.mark.parametrize("by", [None, "host"])
async def test_a_post_to_a_withdrawn_article_is_refused_with_its_text(site: ASite, by: str | None) -> None:
    await send_event(site, "published", title="Tram")
    await send_event(site, "withdrawn")
    refused = await AThread(site, "a").post("Not lost.", by=by)
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/not-found")
    assert refused.json()["draft"]["body"] == "Not lost."


async def test_authors_can_delete_and_moderators_can_review_under_a_withdrawn_article(site: ASite) -> None:
    await site.set(mode="hold")
    await send_event(site, "published", title="Tram")
    posted = await a_comment(AThread(site, "a"))
    await send_event(site, "withdrawn")
    queue = (await site.call("GET", "/queue?article=a", by="moderator")).json()["comments"]
    assert [each["comment"]["id"] for each in queue] == [posted["comment"]["id"]]
    gone = await site.call("DELETE", f"/comments/{posted['comment']['id']}", by=posted["author_token"])
    assert gone.status_code == 204


@pytest.mark.parametrize("kind", ["withdrawn", "deleted"])
async def test_a_withdrawal_before_the_registration_applies_later(site: ASite, kind: str) -> None:
    first = await send_event(site, kind, at=NOON)
    assert (first.status_code, first.content) == (204, b"")
    assert (await send_event(site, "published", at=MORNING, title="Tram")).json()["withdrawn_at"] == NOON
    assert (await site.call("GET", "/threads/a")).status_code == 404
    assert await types(site) == ["thread.created", "thread.withdrawn"]
    await send_event(site, "published", at=EVENING)
    assert (await read(site, "a"))["withdrawn_at"] is None


async def test_an_article_with_a_new_id_keeps_its_comments_and_is_found_by_both_ids(site: ASite) -> None:
    await send_event(site, "published", at=MORNING, title="Tram")
    posted = await a_comment(AThread(site, "a"), "Yes.", key="a-key-of-sixteen-characters")
    moved = (await send_event(site, "updated", "b", at=NOON, previous_article="a", title="Trams")).json()
    assert (moved["article"], moved["title"], moved["reply_count"]) == ("b", "Trams", 1)
    events = await events_of(site)
    assert [event["type"] for event in events][-2:] == ["thread.moved", "thread.updated"]
    assert (events[-2]["data"]["previous_article"], events[-2]["data"]["thread"]["article"]) == ("a", "b")
    for article in ("a", "b"):
        assert await read(site, article) == moved
        page = await AThread(site, article).page()
        assert [comment["id"] for comment in page["comments"]] == [posted["comment"]["id"]]
        assert (await site.client.get(f"/{site.slug}/{article}")).status_code == 200


async def test_an_articles_old_id_is_accepted_everywhere(site: ASite) -> None:
    await send_event(site, "published", title="Tram")
    await send_event(site, "updated", "b", previous_article="a")
    old, new = AThread(site, "a"), AThread(site, "b")
    first = await a_comment(old, "One.", key="a-key-of-sixteen-characters")
    again = await a_comment(new, "One.", key="a-key-of-sixteen-characters")
    assert again["comment"]["id"] == first["comment"]["id"]
    counts = (await site.call("POST", "/counts", json={"articles": ["b", "a", "c"]})).json()["counts"]
    assert [(count["article"], count["reply_count"]) for count in counts] == [("b", 1), ("a", 1), ("c", 0)]
    put = await site.call("PUT", "/threads/a", by="host", json={"title": "Trams"})
    assert (put.status_code, put.json()["article"], put.json()["title"]) == (200, "b", "Trams")
    assert (await old.close()).json()["article"] == "b"
    assert (await new.post()).json()["type"] == "/problems/thread-closed"
    assert (await old.reopen()).json()["state"] == "open"
    decisions = (await site.call("GET", "/decisions?article=a", by="moderator")).json()["decisions"]
    assert [each["action"] for each in decisions] == ["reopen", "close"]
    queue = await site.call("GET", "/queue?article=a&state=published", by="moderator")
    assert [each["article"] for each in queue.json()["comments"]] == ["b"]


async def test_posts_to_both_ids_at_once_are_one_thread(site: ASite) -> None:
    await send_event(site, "published", title="Tram")
    await send_event(site, "updated", "b", previous_article="a")
    ids = ("a", "b") * 10
    answers = await gather(*(AThread(site, id_).post(f"Post {number}.") for number, id_ in enumerate(ids)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["thread"]["reply_count"] for answer in answers) == [*range(1, 21)]
    assert len(await AThread(site, "a").pages()) == 20


async def test_a_cached_response_for_an_old_id_follows_the_thread(site: ASite) -> None:
    await send_event(site, "published", at=MORNING, title="Tram")
    asked = ("/threads/a", "/threads/a/comments", "/counts?article=a", "/counts?article=b")
    before = [(await site.call("GET", path)).json() for path in asked]
    await send_event(site, "updated", "b", at=NOON, previous_article="a")
    await a_comment(AThread(site, "b"))
    after = [(await site.call("GET", path)).json() for path in asked]
    assert all(one != other for one, other in zip(before, after, strict=True))
    await a_comment(AThread(site, "b"))
    assert (await site.call("GET", "/counts?article=a")).json()["counts"][0]["reply_count"] == 2
    await send_event(site, "withdrawn", "a", at=EVENING)
    assert [(await site.call("GET", path)).status_code for path in asked] == [404, 404, 200, 200]


async def test_an_article_id_can_change_several_times_and_back(site: ASite) -> None:
    await send_event(site, "published", title="Tram")
    await a_comment(AThread(site, "a"))
    await send_event(site, "updated", "b", previous_article="a")
    await send_event(site, "updated", "c", previous_article="b")
    assert [(await read(site, id_))["article"] for id_ in "abc"] == ["c", "c", "c"]
    await send_event(site, "updated", "a", previous_article="c")
    assert [(await read(site, id_))["article"] for id_ in "abc"] == ["a", "a", "a"]
    assert (await read(site, "b"))["reply_count"] == 1


@pytest.mark.parametrize("commented", ["a", "b"])
async def test_if_both_ids_are_registered_the_thread_with_comments_stays(site: ASite, commented: str) -> None:
    for article in ("a", "b"):
        await a_thread(site, article=article, title="Tram", url=URL + article, updated_at=MORNING)
    posted = await a_comment(AThread(site, commented))
    thread_out = (await send_event(site, "updated", "b", at=NOON, previous_article="a", title="Trams")).json()
    assert (thread_out["article"], thread_out["title"], thread_out["reply_count"]) == ("b", "Trams", 1)
    for article in ("a", "b"):
        [comment] = await AThread(site, article).pages()
        assert comment["id"] == posted["comment"]["id"]
        assert (await site.call("GET", f"/threads?url={URL}{article}")).json()["article"] == "b"
    assert "thread.deleted" in await types(site)


async def test_if_both_ids_have_comments_the_move_is_refused(site: ASite) -> None:
    for article in ("a", "b"):
        await a_comment(await a_thread(site, article=article), f"Under {article}.")
    before = await events_of(site)
    refused = await send(site, article_event("updated", "b", previous_article="a"))
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/article-id-conflict")
    assert await events_of(site) == before
    assert [(await read(site, id_))["article"] for id_ in "ab"] == ["a", "b"]


async def test_a_withdrawal_moves_nothing(site: ASite) -> None:
    for article in ("a", "b"):
        await a_comment(await a_thread(site, article=article))
    await send_event(site, "withdrawn", "b", previous_article="a")
    assert [(await site.call("GET", f"/threads/{id_}")).status_code for id_ in "ab"] == [200, 404]
    await send_event(site, "withdrawn", "c", previous_article="a")
    assert (await site.call("GET", "/threads/a")).status_code == 404


async def test_an_articles_old_url_finds_it_unless_another_article_uses_it(site: ASite) -> None:
    await send_event(site, "published", at=MORNING, title="Tram", url=URL + "1")
    await send_event(site, "updated", at=NOON, url=URL + "2")
    await site.call("PUT", "/threads/a", by="host", json={"url": URL + "3"})
    for number in "123":
        assert (await site.call("GET", f"/threads?url={URL}{number}")).json()["article"] == "a"
    await send_event(site, "published", "other", title="Bus", url=URL + "1")
    assert (await site.call("GET", f"/threads?url={URL}1")).json()["article"] == "other"
    await send_event(site, "withdrawn", "other")
    assert (await site.call("GET", f"/threads?url={URL}1")).json()["article"] == "a"


async def test_an_older_event_overwrites_no_newer_value(site: ASite) -> None:
    await a_thread(site, article="a", title="Registered", updated_at=NOON)
    assert (await send_event(site, "updated", at=MORNING, title="Old", mode="hold")).json()["title"] == "Registered"
    await send_event(site, "withdrawn", at=EVENING)
    assert (await send_event(site, "restored", at=NOON)).json()["withdrawn_at"] == EVENING
    assert (await send_event(site, "published", at=NOON, title="Told at noon")).json()["title"] == "Told at noon"
    late = await send_event(site, "updated", at=EVENING, updated_at=MORNING, title="Sent late")
    assert late.json()["title"] == "Told at noon"


async def test_a_repeated_event_changes_nothing(site: ASite) -> None:
    first = await send(site, article_event("published", at=MORNING, title="Tram"), message_id="m")
    await send_event(site, "updated", at=NOON, title="Trams")
    before = await events_of(site)
    again = await send(site, article_event("published", at=EVENING, title="Tram"), message_id="m")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == await read(site, "a")
    assert await events_of(site) == before
    for _ in range(2):
        assert (await send(site, article_event("withdrawn", "nobody"), message_id="n")).status_code == 204


async def test_message_ids_are_kept_for_a_week(own_site: ASite, the_clock: Clock) -> None:
    await share_webhook_secret(own_site)
    published = article_event("published", title="Tram")
    assert (await send(own_site, published, message_id="m")).status_code == 200
    await send_event(own_site, "updated", title="Trams")
    the_clock.move(days=6, hours=23)
    await own_site.sweep()
    assert (await send(own_site, article_event("updated", title="Again"), message_id="m")).json()["title"] == "Trams"
    the_clock.move(hours=2)
    await own_site.sweep()
    assert (await send(own_site, article_event("updated", title="Again"), message_id="m")).json()["title"] == "Again"


def of_strapi(sent: Json) -> Json:
    """A webhook of Strapi, converted to an article event by the host."""
    body, entry = sent["body"], sent["body"]["entry"]
    kinds = {"publish": "published", "unpublish": "withdrawn", "delete": "deleted"}
    kind = kinds.get(body["event"].removeprefix("entry."), "updated")
    data: Json = {"article": str(entry["id"]), "title": entry["full_name"], "updated_at": body["createdAt"]}
    return {"type": f"article.{kind}", "timestamp": body["createdAt"], "data": data}


def of_contentful(sent: Json) -> Json:
    """A webhook of Contentful, converted to an article event by the host."""
    topic, entry = sent["headers"]["X-Contentful-Topic"].rpartition(".")[2], sent["body"]
    kind = {"publish": "published", "unpublish": "withdrawn", "delete": "deleted"}[topic]
    data: Json = {"article": entry["sys"]["id"]}
    if "fields" in entry:
        data["title"] = entry["fields"]["title"]["en-US"]
    return {"type": f"article.{kind}", "timestamp": entry["sys"]["updatedAt"], "data": data}


def messages_of(path: Path) -> list[Json]:
    messages: list[Json] = json.loads(path.read_text())
    return messages


@pytest.mark.parametrize(
    ("path", "adapter", "article", "title"),
    [
        (OWN / "cms/strapi.json", of_strapi, "7", "The night ferry stays"),
        (OWN / "cms/contentful.json", of_contentful, "nightFerry1", "The night ferry stays"),
        *(
            [
                (REAL / "cms/strapi.json", of_strapi, "1", "Paris"),
                (REAL / "cms/contentful.json", of_contentful, "5KsDBWseXY6QegucYAoacS", "Hello, World!"),
            ]
            if HAS_REAL
            else []
        ),
    ],
)
async def test_webhooks_of_content_systems_convert_to_article_events(
    site: ASite, path: Path, adapter: Any, article: str, title: str
) -> None:
    there = []
    for sent in messages_of(path):
        assert (await send(site, adapter(sent))).json()["title"] == title
        there.append((await site.call("GET", f"/threads/{article}")).status_code)
    assert there == ([200, 200, 200, 404, 404] if path.name == "strapi.json" else [200, 404, 404])
    assert (await types(site))[0] == "thread.created"


async def test_the_hosts_switch_closes_and_reopens_a_thread(site: ASite) -> None:
    await send_event(site, "published", at=MORNING, title="Tram")
    closed = (await send_event(site, "updated", at=NOON, closed=True)).json()
    assert (closed["state"], closed["closed_at"], closed["notice"]) == ("closed", NOON, "Comments are closed.")
    assert (await AThread(site, "a").post()).status_code == 409
    assert (await send_event(site, "updated", at=EVENING, title="Trams", closed=False)).json()["state"] == "open"
    await a_comment(AThread(site, "a"))
    assert await types(site) == [
        *("thread.created", "thread.closed", "thread.reopened", "thread.updated", "comment.published")
    ]


async def test_a_late_event_neither_closes_nor_reopens(site: ASite) -> None:
    await send_event(site, "published", at=MORNING, title="Tram")
    await send_event(site, "updated", at=EVENING, closed=False)
    assert (await send_event(site, "updated", at=NOON, closed=True)).json()["state"] == "open"
    thread = AThread(site, "a")
    await site.call("POST", f"{thread.path}/close", by="moderator")
    assert (await send_event(site, "updated", at=EVENING, closed=False)).json()["state"] == "closed"
    assert (await send_event(site, "updated", at="2099-01-01T00:00:00Z", closed=False)).json()["state"] == "open"


async def test_a_thread_that_is_reopened_after_its_closing_time_stays_open(site: ASite) -> None:
    await send_event(site, "published", at=MORNING, title="Tram", closing={"kind": "at", "at": NOON})
    assert (await read(site, "a"))["state"] == "closed"
    opened = (await send_event(site, "updated", at=EVENING, closed=False)).json()
    assert (opened["state"], opened["closing"]) == ("open", {"kind": "never", "at": None})
    until = {"kind": "at", "at": "2099-01-01T00:00:00Z"}
    await send_event(site, "updated", at="2026-11-24T19:00:00Z", closed=True)
    opened = (await send_event(site, "updated", at="2026-11-24T20:00:00Z", closed=False, closing=until)).json()
    assert (opened["state"], opened["closing"]) == ("open", until)


async def test_an_article_may_be_registered_with_closed_comments(site: ASite) -> None:
    assert (await send_event(site, "published", title="Tram", closed=True)).json()["state"] == "closed"
    assert (await AThread(site, "a").post()).status_code == 409


async def test_a_close_survives_the_move_to_an_id_that_was_registered_meanwhile(site: ASite) -> None:
    await send_event(site, "published", "old", at=MORNING, title="Tram")
    await a_comment(AThread(site, "old"))
    await send_event(site, "published", "new", at=NOON, title="Tram", closed=True)
    moved = (await send_event(site, "updated", "new", at=EVENING, previous_article="old")).json()
    assert (moved["article"], moved["state"], moved["reply_count"]) == ("new", "closed", 1)
