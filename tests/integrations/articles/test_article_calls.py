"""The host's key moves, withdraws, restores and deletes articles without webhooks."""

from typing import Any

import httpx2

from tests.builders import ASite, AThread, Json, a_comment, a_thread, events_of
from tests.integrations.articles.articles import send_event, share_webhook_secret


async def call(site: ASite, method: str, path: str, **given: Any) -> httpx2.Response:
    return await site.call(method, f"/threads/{path}", by="host", **given)


async def test_a_thread_moves_to_another_id_and_both_find_it(site: ASite) -> None:
    await a_comment(await a_thread(site, article="old", url="https://gazette.example/a"))
    for _ in range(2):
        moved = await call(site, "POST", "old/move", json={"article": "section/new"})
        assert (moved.status_code, moved.json()["article"], moved.json()["reply_count"]) == (200, "section/new", 1)
    for article in ("old", "section/new"):
        assert (await AThread(site, article).read())["article"] == "section/new"
    events = await events_of(site)
    assert [event["type"] for event in events].count("thread.moved") == 1
    assert events[-1]["data"]["previous_article"] == "old"


async def test_a_move_leaves_the_hosts_own_time_so_later_updates_count(site: ASite) -> None:
    await a_thread(site, article="old", updated_at="2026-01-01T00:00:00Z")
    moved = (await call(site, "POST", "old/move", json={"article": "new"})).json()
    assert moved["updated_at"] == "2026-01-01T00:00:00Z"
    update = {"title": "New", "updated_at": "2026-01-02T00:00:00Z"}
    assert (await call(site, "PUT", "new", json=update)).json()["title"] == "New"


async def test_a_move_to_an_id_with_comments_is_refused(site: ASite) -> None:
    for article in ("old", "new"):
        await a_comment(await a_thread(site, article=article))
    refused = await call(site, "POST", "old/move", json={"article": "new"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/article-id-conflict")
    assert (await AThread(site, "old").read())["reply_count"] == 1


async def test_a_move_to_an_id_without_comments_keeps_the_comments(site: ASite) -> None:
    await a_comment(await a_thread(site, article="old"))
    await a_thread(site, article="new")
    assert (await call(site, "POST", "old/move", json={"article": "new"})).json()["reply_count"] == 1


async def test_an_id_with_control_characters_is_refused(site: ASite) -> None:
    await a_thread(site, article="old")
    refused = await call(site, "POST", "old/move", json={"article": "a\n"})
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/article")


async def test_an_article_is_withdrawn_restored_deleted_and_restored(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    await a_comment(thread)
    for method, path, status in (
        ("POST", "a/withdraw", 404),
        ("POST", "a/restore", 200),
        ("DELETE", "a", 404),
        ("POST", "a/restore", 200),
    ):
        assert (await call(site, method, path)).is_success
        assert (await site.call("GET", "/threads/a")).status_code == status, path
        assert (await call(site, "GET", "a")).json()["reply_count"] == 1
    assert [event["type"] for event in await events_of(site)][-4:] == [
        *("thread.withdrawn", "thread.restored", "thread.deleted", "thread.restored")
    ]


async def test_a_call_wins_over_an_event_of_a_host_whose_clock_is_ahead(site: ASite) -> None:
    await share_webhook_secret(site)
    await send_event(site, "published", at="2099-01-01T00:00:00Z", title="Tram", published_at="2026-01-01T00:00:00Z")
    assert (await call(site, "POST", "a/withdraw")).json()["withdrawn_at"] is not None
    assert (await call(site, "POST", "a/restore")).json()["withdrawn_at"] is None


async def test_an_unknown_article_is_not_found(site: ASite) -> None:
    await a_thread(site, article="new")
    for method, path in (("POST", "a/move"), ("POST", "a/withdraw"), ("POST", "a/restore"), ("DELETE", "a")):
        body: Json = {"json": {"article": "new"}} if path == "a/move" else {}
        assert (await call(site, method, path, **body)).status_code == 404, path
