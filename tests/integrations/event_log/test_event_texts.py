"""Events get the text of their comment when they are read, only while it is public at their revision."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import text

from tests.builders import ASite, Json, a_comment, a_thread, decide, events_of
from tests.integrations.endpoints.a_receiver import a_receiver
from tests.integrations.endpoints.deliveries import a_worker, an_endpoint
from tests.moderation.measures.test_reader_measures import a_ban

FIELD = json.loads(
    (Path(__file__).parents[2] / "data" / "field" / "12-deleted-words-in-the-log.json").read_text(encoding="utf-8")
)
AUTHOR = {"name": "Ada Example", "url": "https://ada.example/"}
WORDS, SECRETS = "my number is 555 0100", ("Ada Example", "ada.example", "555 0100")


async def delete(site: ASite, posted: Json) -> None:
    await site.call("DELETE", f"/comments/{posted['comment']['id']}", by=posted["author_token"])


async def edit(site: ASite, posted: Json) -> None:
    path = f"/comments/{posted['comment']['id']}"
    await site.call("PATCH", path, by=posted["author_token"], json={"body": "Better said."})


def by_moderator(action: str) -> Callable[[ASite, Json], Awaitable[object]]:
    return lambda site, posted: decide(site, action, posted["comment"])  # type: ignore[arg-type]  # a parameter's word


WAYS: dict[str, tuple[Callable[[ASite, Json], Awaitable[object]], str]] = {
    "the author's delete": (delete, "deleted"),
    "moderator delete": (by_moderator("delete"), "deleted"),
    "reject": (by_moderator("reject"), "rejected"),
    "spam": (by_moderator("spam"), "rejected"),
    "old words of an edit": (edit, "superseded"),
}


async def log_rows(site: ASite) -> str:
    """The stored events of all sites."""
    async with site.app.state.database.read() as connection:
        return repr((await connection.execute(text("SELECT data FROM events"))).all())


async def test_no_event_and_no_message_says_what_was_deleted_rejected_or_edited_away(site: ASite) -> None:
    assert {*FIELD["siblings"]} == {*WAYS} - {"the author's delete"}
    for way, (remove, reason) in WAYS.items():
        thread = await a_thread(site)
        posted = await a_comment(thread, WORDS, **AUTHOR)
        report = {"reason": "illegal", "note": "It has the number 555 0100."}
        await site.call("POST", f"/comments/{posted['comment']['id']}/reports", json=report)
        first = (await events_of(site))[-2]["position"]
        before = await events_of(site, after=first - 1)
        assert [event["data"]["comment"]["text_withheld"] for event in before] == [None, None], way
        assert before[0]["data"]["comment"]["author"]["name"] == "Ada Example"
        assert before[1]["data"]["report"]["note"] == report["note"]
        await remove(site, posted)
        after = await events_of(site, after=first - 1)
        assert [event["data"]["comment"]["text_withheld"] for event in after[:2]] == [reason, reason], way
        async with a_receiver() as host, a_worker(site) as worker:
            endpoint, _ = await an_endpoint(site, host.origin)
            last = after[-1]["position"]
            again = {"first": first, "last": last}
            await site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json=again)
            await worker.work()
            messages = b"".join(each.body for each in host.received).decode()
            assert len(host.received) == last - first + 1
        said = json.dumps(after) + messages
        if way == "old words of an edit":  # the author's name is still public, with the new words
            assert "555 0100" not in said
        else:
            assert not [secret for secret in SECRETS if secret in said], way
    rows = await log_rows(site)
    assert not [secret for secret in SECRETS if secret in rows]


async def test_text_comes_back_only_with_the_event_that_made_it_public_again(site: ASite) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread, WORDS))["comment"]
    [deleted] = await decide(site, "delete", comment)
    await decide(site, "restore", deleted)
    events = [event["data"]["comment"] for event in (await events_of(site))[1:]]
    assert [event["text_withheld"] for event in events] == ["superseded", "superseded", None]
    assert [event["state"] for event in events] == ["published", "deleted", "published"]
    assert [event["html"] is None for event in events] == [True, True, False]


async def test_held_text_is_withheld_and_its_report_keeps_the_note(site: ASite) -> None:
    await site.call("PUT", "/rules", by="admin", json={"report_threshold": 1, "on_report_threshold": "hide"})
    comment = (await a_comment(await a_thread(site), WORDS))["comment"]
    body = {"reason": "abuse", "note": "It is about my sister."}
    await site.call("POST", f"/comments/{comment['id']}/reports", json=body)
    published, filed, held = (event["data"] for event in (await events_of(site))[1:])
    for data in (published, filed, held):
        assert (data["comment"]["text_withheld"], data["comment"]["html"]) == ("held", None)
    assert filed["report"]["note"] == body["note"]


async def test_the_reason_of_a_ban_is_joined_and_not_stored(site: ASite) -> None:
    comment = (await a_comment(await a_thread(site)))["comment"]
    await a_ban(site, kind="reader", comment=comment["id"], reason="Insults, twice over.")
    assert (await events_of(site))[-1]["data"]["ban"]["reason"] == "Insults, twice over."
    assert "twice over" not in await log_rows(site)
