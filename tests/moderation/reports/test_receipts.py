"""A report has a receipt with its outcome; words reported as illegal are sealed for moderators until it is settled."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import select

from service.conversation.readers.model import ReportRow
from service.moderation.reports.receipts import hash_token, outcome_of
from tests.builders import (
    Action,
    ASite,
    AThread,
    Clock,
    Json,
    a_comment,
    a_site,
    a_thread,
    decide,
    events_of,
    set_rules,
)
from tests.moderation.queue.test_review_queue import queue
from tests.moderation.reports.test_file_report import report, reports_of

WORDS = "My neighbour lives at 5 Rose Lane."


async def outcome(site: ASite, filed: Json, *, language: str = "en") -> Json:
    response = await site.client.get(filed["receipt"]["url"], headers={"Accept-Language": language})
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    found: Json = response.json()
    return found


async def stored(site: ASite, comment: Json) -> Any:
    async with site.app.state.database.read() as connection:
        rows = await connection.execute(select(ReportRow).where(ReportRow.comment_id == UUID(comment["id"])))
        return rows.one()


async def test_a_receipt_shows_the_outcome_and_only_its_hash_is_stored(site: ASite) -> None:
    thread = await a_thread(site)
    for action, expected, text in (
        (None, "open", "A moderator has not decided yet."),
        ("publish", "kept", "A moderator decided to keep the comment."),
        ("reject", "removed", "A moderator removed the comment."),
        ("author", "deleted", "The author deleted the comment."),
    ):
        posted = await a_comment(thread, f"Rude {action}.")
        comment = posted["comment"]
        filed = (await report(thread, comment, contact="jo@example.org", note="Rude.")).json()
        assert (await outcome(site, filed))["outcome"] == "open"
        if action == "author":
            await site.call("DELETE", f"/comments/{comment['id']}", by=posted["author_token"])
        elif action == "publish":
            [kept] = await decide(site, "publish", comment)
            [undone] = await decide(site, "undo", kept)
            assert (await outcome(site, filed))["outcome"] == "open", "the decision was undone"
            await decide(site, "publish", undone)
        elif action == "reject":
            await decide(site, "reject", comment)
        told = await outcome(site, filed)
        assert (told["outcome"], told["text"][0]) == (expected, text)
        assert (told["decided_at"] is None) == (action is None)
        assert "jo@example.org" not in str(told) and "Rude" not in str(told)
        token = filed["receipt"]["url"].rpartition("/")[2]
        assert re.fullmatch(r"report_[\w-]{43}", token)
        row = await stored(site, comment)
        assert (row.receipt, row.contact) == (hash_token(token), "jo@example.org")
        assert (await reports_of(site, comment))[0]["contact"] == "jo@example.org"
    assert (await outcome(site, filed, language="de"))["text"][0].startswith("Der Kommentar wurde")
    assert (await site.call("GET", "/reports/report_x")).status_code == 404
    async with a_site(site.app) as other:
        assert (await other.call("GET", f"/reports/{token}")).status_code == 404
    assert token not in str(await events_of(site)) and "jo@example.org" not in str(await events_of(site))


def test_an_undo_is_judged_by_the_state_that_it_restores() -> None:
    states = ("published", "pending", "rejected", "deleted")
    assert [outcome_of("undo", after, "key") for after in states] == ["kept", "open", "removed", "removed"]


async def test_illegal_words_stay_for_moderators_when_the_author_deletes_them(
    own_site: ASite, the_clock: Clock
) -> None:
    site = own_site
    await set_rules(site, report_threshold=5)
    thread = await a_thread(site)
    judging: tuple[tuple[Action, str], ...] = (("publish", "kept"), ("reject", "removed"))
    for action, expected in judging:
        posted = await a_comment(thread, WORDS)
        comment = posted["comment"]
        filed = (await report(thread, comment, reason="illegal", note="It is 5 Rose Lane.")).json()
        await report(thread, comment, reason="spam", address="203.0.113.2")
        path = f"/comments/{comment['id']}"
        await site.call("PATCH", path, by=posted["author_token"], json={"body": "Nothing."})
        assert (await queue(site, state="reported"))["comments"] == [], "it is below the threshold"
        assert (await site.call("DELETE", path, by=posted["author_token"])).status_code == 204
        assert (await outcome(site, filed))["outcome"] == "open"
        page = await queue(site, state="reported")
        [waiting] = page["comments"]
        assert (page["reported"], waiting["comment"]["state"], waiting["comment"]["html"]) == (1, "deleted", None)
        spam, illegal = await reports_of(site, comment)
        assert (illegal["words"], illegal["note"], illegal["settled"]) == (WORDS, "It is 5 Rose Lane.", False)
        assert (spam["words"], spam["settled"]) == (None, True)
        for by in ("host", posted["author_token"], None):
            assert (await site.call("GET", f"{path}/reports", by=by)).status_code in {401, 403}
            assert "Rose" not in (await site.call("GET", path, by=by)).text
        assert b"Rose" not in ((await stored_words(site, comment)) or b"")
        refused_actions: tuple[Action, ...] = ("spam", "delete", "restore", "undo")
        for never in refused_actions:
            [refused] = await decide(site, never, waiting["comment"])
            assert refused["problem"]["type"] == "/problems/invalid-transition", never
        [judged] = await decide(site, action, waiting["comment"])
        assert judged["state"] == "deleted"
        assert (await outcome(site, filed))["outcome"] == expected
        assert (await queue(site, state="reported"))["comments"] == []
        assert [each["words"] for each in await reports_of(site, comment)] == [None, None]
        the_clock.move(minutes=11)
        await site.sweep()
        assert await stored_words(site, comment) is None
    assert "Rose" not in str(await events_of(site))


async def test_an_undo_unseals_the_words_and_settled_reports_lose_them(own_site: ASite, the_clock: Clock) -> None:
    site, thread = own_site, await a_thread(own_site)
    comment = (await a_comment(thread, WORDS))["comment"]
    await report(thread, comment, reason="illegal", contact="jo@example.org")
    [kept] = await decide(site, "publish", comment)
    assert (await reports_of(site, comment))[0]["words"] is None
    await site.sweep()
    [undone] = await decide(site, "undo", kept)
    assert (await reports_of(site, comment))[0]["words"] == WORDS
    await decide(site, "reject", undone, reason="illegal")
    the_clock.move(days=31)
    await site.sweep()
    [settled] = await reports_of(site, comment)
    assert (settled["words"], settled["contact"]) == (None, None)
    later = (await a_comment(thread, "Fine."))["comment"]
    await decide(site, "publish", (await decide(site, "reject", later))[0])
    await report(AThread(site, thread.article), later, reason="illegal")
    assert await stored_words(site, later) is None, "a moderator has decided on these words"


async def stored_words(site: ASite, comment: Json) -> bytes | None:
    async with site.app.state.database.read() as connection:
        sealed = select(ReportRow.sealed_words).where(
            ReportRow.comment_id == UUID(comment["id"]), ReportRow.reason == "illegal"
        )
        found: bytes | None = (await connection.execute(sealed)).scalar_one()
        return found
