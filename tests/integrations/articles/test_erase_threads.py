"""The comments of a deleted article are erased if the site's settings ask for it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from service.app import create_app
from service.conversation.comments.verify_counts import verify
from service.integrations.articles import erase_threads as erasing
from service.moderation.spam_training.train import learn_from_logs
from tests.builders import ASite, AThread, Json, a_comment, a_site, a_thread, decide, events_of, set_rules
from tests.conftest import an_installation
from tests.integrations.articles.articles import send_event, share_webhook_secret

MORNING, NOON, EVENING = "2026-11-24T08:00:00Z", "2026-11-24T12:00:00Z", "2026-11-24T18:00:00Z"
SECRET_WORDS = "A pomegranate, surely."


@pytest.fixture
async def site(fresh_database_url: str) -> AsyncIterator[ASite]:
    """A site with an article secret, in a database of its own."""
    app = create_app(an_installation(fresh_database_url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        await share_webhook_secret(site)
        yield site


async def a_discussed_thread(site: ASite) -> tuple[AThread, Json]:
    """An article with comments in several states, replies, a report and a lesson; and one of the comments."""
    await set_rules(site, hold_words=["casino"], classifier="hold")
    thread = await a_thread(site)
    given = {"name": "Persephone", "email": "persephone@example.com", "url": "https://persephone.example/"}
    first = await a_comment(thread, SECRET_WORDS, **given, key="a-key-of-sixteen-and-more")
    answer = await a_comment(thread, SECRET_WORDS, **given, below=first["comment"]["id"])
    held = await a_comment(thread, f"{SECRET_WORDS} At the casino.", **given)
    await decide(site, "spam", held["comment"])
    await decide(site, "reject", answer["comment"])
    note = {"reason": "abuse", "note": SECRET_WORDS}
    await site.call("POST", f"/comments/{first['comment']['id']}/reports", json=note)
    await learn_from_logs(site.app.state.database)
    await site.sweep()
    return thread, first["comment"]


async def findings(site: ASite) -> list[str]:
    async with site.app.state.database.read() as connection:
        return [finding async for finding in verify(connection)]


async def everything(site: ASite) -> str:
    """The content of all tables that can hold a comment's text."""
    tables = ("comments", "events", "reports", "findings", "search_entries", "decisions", "idempotency_keys")
    async with site.app.state.database.read() as connection:
        rows = [(await connection.execute(text(f"SELECT * FROM {table}"))).all() for table in tables]
        examples = (await connection.execute(text("SELECT comment_id FROM training_examples"))).all()
    return repr(rows).lower() + (repr(examples) if examples else "")


async def test_no_text_is_left_and_one_event_reports_the_erasure(site: ASite) -> None:
    await site.set(on_article_deleted="erase")
    thread, comment = await a_discussed_thread(site)
    assert "pomegranate" in await everything(site) and "persephone" in await everything(site)
    before = (await events_of(site))[-1]["position"]
    await send_event(site, "deleted", thread.article)
    assert (await site.call("GET", thread.path)).status_code == 404
    await site.sweep()
    kept = await everything(site)
    assert "pomegranat" not in kept and "persephone" not in kept
    events = await events_of(site, after=before)
    assert [event["type"] for event in events] == ["thread.withdrawn", "thread.deleted"]
    assert events[-1]["data"]["thread"]["reply_count"] == 0
    assert (await site.call("GET", f"/comments/{comment['id']}", by="moderator")).json()["comment"]["state"] == (
        "deleted"
    )
    assert await findings(site) == []


async def test_a_site_keeps_the_comments_of_deleted_articles_by_default(site: ASite) -> None:
    thread, comment = await a_discussed_thread(site)
    out = (await send_event(site, "deleted", thread.article, at=NOON)).json()
    await site.sweep()
    assert (await events_of(site))[-1]["type"] == "thread.deleted"
    assert (out["withdrawn_at"], out["reply_count"]) == (NOON, 1)
    assert (await site.call("GET", thread.path)).status_code == 404
    await send_event(site, "restored", thread.article, at=EVENING)
    assert [each["id"] for each in await thread.pages()][:1] == [comment["id"]]


async def test_erasing_resumes_where_it_stopped_and_counts_are_right_at_every_step(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BATCH", 2)
    await site.set(on_article_deleted="erase")
    thread, comment = await a_discussed_thread(site)
    for number in range(5):
        comment = (await a_comment(thread, f"Number {number}", below=comment["id"]))["comment"]
    await send_event(site, "deleted", thread.article)
    goes_on, turns = True, 0
    async with site.app.state.database.read() as connection:
        [thread_id] = (await connection.scalars(text("SELECT thread_id FROM erasures"))).all()
    while goes_on:  # each turn is a transaction, after which a process may stop
        async with site.app.state.database.write() as connection:
            goes_on = await erasing._erase_batch(connection, thread_id)
        assert await findings(site) == []
        turns += 1
    assert turns > 4
    async with site.app.state.database.write() as connection:
        assert not await erasing._erase_batch(connection, thread_id)


async def test_comments_posted_after_the_article_is_restored_stay(site: ASite) -> None:
    await site.set(on_article_deleted="erase")
    thread, comment = await a_discussed_thread(site)
    await send_event(site, "deleted", thread.article, at=NOON)
    await send_event(site, "restored", thread.article, at=EVENING)
    later = (await a_comment(thread, "A new beginning.", below=comment["id"]))["comment"]
    await site.sweep()
    assert [(each["id"], each["state"]) for each in await thread.pages()] == [
        (comment["id"], "deleted"),
        (later["id"], "published"),
    ]
    assert (await events_of(site))[-1]["type"] == "thread.updated"
    assert (await thread.read())["reply_count"] == 1
    assert await findings(site) == []
