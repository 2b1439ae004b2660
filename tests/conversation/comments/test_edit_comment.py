"""Authors edit for a limited time and delete at any time; pages and counts change at once."""

import pytest

from service.conversation.comments.edit_comment import after_edit
from service.conversation.comments.model import State
from service.conversation.screening.findings import Action
from tests.builders import ASite, Clock, Json, a_comment, a_thread, decide, events_of, set_rules


async def edit(site: ASite, posted: Json, body: str) -> int:
    path = f"/comments/{posted['comment']['id']}"
    return (await site.call("PATCH", path, by=posted["author_token"], json={"body": body})).status_code


async def delete(site: ASite, posted: Json) -> int:
    path = f"/comments/{posted['comment']['id']}"
    return (await site.call("DELETE", path, by=posted["author_token"])).status_code


async def test_an_edit_is_rendered_has_an_event_and_raises_the_revision(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "Tpyo.")
    the_clock.move(seconds=299)
    assert await edit(site, posted, "*Typo*.") == 200
    [comment] = await thread.pages()
    assert (comment["html"], comment["revision"]) == ("<p><em>Typo</em>.</p>", 2)
    assert comment["edited_at"] == "2026-11-24T12:04:59Z"
    assert (await events_of(site))[-1]["type"] == "comment.edited"


async def test_after_the_window_an_edit_is_refused(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    the_clock.move(seconds=300)
    assert await edit(site, posted, "Too late.") == 409
    assert await delete(site, posted) == 204


async def test_an_edit_is_screened_and_can_be_held(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    await site.set(mode="hold")
    assert await edit(site, posted, "Rather not.") == 200
    assert (await thread.read())["reply_count"] == 0
    assert await thread.pages() == []
    assert (await events_of(site))[-1]["type"] == "comment.held"


@pytest.mark.parametrize(
    ("before", "action", "after", "event"),
    [
        (State.PUBLISHED, "publish", State.PUBLISHED, "comment.edited"),
        (State.PUBLISHED, "hold", State.PENDING, "comment.held"),
        (State.PUBLISHED, "spam", State.SPAM, "comment.spam"),
        (State.PENDING, "publish", State.PENDING, "comment.edited"),
        (State.PENDING, "hold", State.PENDING, "comment.edited"),
        (State.PENDING, "spam", State.SPAM, "comment.spam"),
    ],
)
def test_an_edit_can_lower_the_state_but_never_raise_it(
    before: State, action: Action, after: State, event: str
) -> None:
    assert after_edit(before, action) == (after, event)


async def test_only_the_author_edits_or_deletes(site: ASite) -> None:
    thread = await a_thread(site)
    posted, other = await a_comment(thread), await a_comment(thread)
    foreign = {**posted, "author_token": other["author_token"]}
    assert await edit(site, foreign, "Hacked.") == 404
    assert await delete(site, foreign) == 404


async def test_a_deleted_comment_with_replies_leaves_a_tombstone(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "I said this.", name="Ada")
    answer = await a_comment(thread, "Really?", name="Grace", below=posted["comment"]["id"])
    assert await delete(site, posted) == 204
    tombstone, _ = await thread.pages()
    assert (tombstone["author"], tombstone["html"], tombstone["state"]) == (None, None, "deleted")
    assert (await thread.read())["reply_count"] == 1
    assert await delete(site, answer) == 204
    assert await thread.pages() == []


async def test_a_comment_deleted_by_its_author_cannot_be_restored(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "Regrettable words.")
    await delete(site, posted)
    seen = await site.call("GET", f"/comments/{posted['comment']['id']}", by="moderator")
    assert "Regrettable" not in seen.text
    [result] = await decide(site, "restore", seen.json()["comment"])
    assert result["problem"]["type"] == "/problems/invalid-transition"


async def test_deleting_is_idempotent(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    assert [await delete(site, posted), await delete(site, posted)] == [204, 204]
    assert [event["type"] for event in await events_of(site)].count("comment.deleted") == 1


async def test_a_held_edit_explains_why_to_its_author(site: ASite) -> None:
    posted = await a_comment(await a_thread(site))
    await set_rules(site, hold_words=["casino"])
    path = f"/comments/{posted['comment']['id']}"
    edited = await site.call("PATCH", path, by=posted["author_token"], json={"body": "A casino."})
    held = edited.json()
    assert (edited.status_code, held["state"], len(held["status_reasons"])) == (200, "pending", 1)
    assert (await site.call("GET", path, by=posted["author_token"])).json()["comment"]["status_reasons"] == held[
        "status_reasons"
    ]
    again = await site.call("PATCH", path, by=posted["author_token"], json={"body": "A casino."})
    assert again.json()["status_reasons"] == held["status_reasons"]
