"""An item of the queue is a complete card: the text with what was found, its past, its place and its author."""

from typing import Any

import pytest

from tests.builders import ASite, Clock, Json, a_comment, a_thread, decide, set_rules


async def cards(site: ASite, **query: Any) -> list[Json]:
    response = await site.call("GET", "/queue", by="moderator", params=query)
    assert response.status_code == 200, response.text
    found: list[Json] = response.json()["comments"]
    return found


async def edit(site: ASite, posted: Json, body: str) -> Json:
    path = f"/comments/{posted['comment']['id']}"
    response = await site.call("PATCH", path, by=posted["author_token"], json={"body": body})
    assert response.status_code == 200, response.text
    edited: Json = response.json()
    return edited


def marked(card: Json) -> list[tuple[str, str]]:
    """The marked parts of a card, with their rules."""
    texts = {"body": card["comment"]["body"], "name": card["comment"]["author"]["name"]}
    return [(mark["rule"], texts[mark["field"]][mark["start"] : mark["end"]]) for mark in card["marks"]]


async def test_a_card_has_everything_that_a_decision_needs(site: ASite) -> None:
    await set_rules(site, hold_words=["eve"], max_repeated_characters=5)
    thread = await a_thread(site, url="https://gazette.example/tram")
    parent = (await a_comment(thread, "Well said. " * 100, name="Ada"))["comment"]
    first = await a_comment(thread, "Fine.", name="Eva")
    token, reader = first["author_token"], {"kind": "reader", "comment": first["comment"]["id"]}
    await decide(site, "spam", (await a_comment(thread, "Buy!", by=token, name="Eva"))["comment"])
    await site.call("POST", f"/comments/{first['comment']['id']}/reports", json={"reason": "abuse"})
    for action, reason in (("note", "Was warned."), ("hold", None)):
        measure = {"action": action, "reason": reason, **reader}
        assert (await site.call("POST", "/measures", by="moderator", json=measure)).status_code == 201
    posted = await a_comment(thread, "Hm.", name="Éve", by=token, below=parent["id"])
    await edit(site, posted, "Ah, a Casinooooooo!")
    await site.call("POST", f"/comments/{posted['comment']['id']}/appeal", by=token, json={"note": "Why?"})
    [card] = await cards(site)
    assert (card["article"], card["url"]) == (thread.article, "https://gazette.example/tram")
    assert card["parent"] == {
        "id": parent["id"],
        "state": "published",
        "author_name": "Ada",
        "excerpt": ("Well said. " * 100)[:500],
    }
    assert [(each["revision"], each["body"]) for each in card["versions"]] == [(1, "Hm.")]
    assert marked(card) == [("hold_words", "Éve"), ("max_repeated", "ooooooo")]
    assert (card["appealed"], card["reports"], card["claim"]) == (True, {}, None)
    author = card["author"]
    assert (author["comments"], author["reports"]) == ({"published": 1, "spam": 1, "pending": 1}, 1)
    assert author["first_at"] == first["comment"]["created_at"]
    assert [(each["action"], each["reason"]) for each in author["measures"]] == [
        ("hold", None),
        ("note", "Was warned."),
    ]
    claimed = (await site.call("POST", "/claims", by="moderator", json={})).json()["comments"]
    assert [each | {"claim": None} for each in claimed] == [card]


async def test_a_card_of_a_first_comment_is_nearly_empty(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    comment = (await a_comment(thread))["comment"]
    [card] = await cards(site)
    assert (card["parent"], card["url"], card["marks"], card["versions"], card["appealed"]) == (
        None,
        None,
        [],
        [],
        False,
    )
    assert card["author"] == {
        "comments": {"pending": 1},
        "reports": 0,
        "first_at": comment["created_at"],
        "measures": [],
    }


async def test_earlier_versions_are_for_moderators_only_and_at_most_ten(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "Zq0.")
    for number in range(1, 13):
        edited = await edit(site, posted, f"Zq{number}.")
    [card] = await cards(site, state="published")
    assert [each["body"] for each in card["versions"]] == [f"Zq{number}." for number in range(2, 12)]
    path, token = f"/comments/{posted['comment']['id']}", posted["author_token"]
    for by in (None, token, "host", "moderator"):
        for read in (path, f"{thread.path}/comments", "/events?limit=1000", "/queue?state=any"):
            answer = await site.call("GET", read, by=by)
            if not (read.startswith("/queue") and by == "moderator"):
                assert "Zq11." not in answer.text, (by, read)
    await decide(site, "reject", edited)
    await site.call("DELETE", path, by=token)
    assert await cards(site, state="any") == []


async def test_versions_stay_until_decided_and_then_for_their_retention(own_site: ASite, the_clock: Clock) -> None:
    site = own_site
    await site.set(versions_retention_days=5)
    published, held = await a_thread(site), await a_thread(site, mode="hold")
    seen, waiting = await a_comment(published, "Zq1."), await a_comment(held, "Zq2.")
    await edit(site, seen, "Now fine.")
    changed = await edit(site, waiting, "Now fine too.")

    async def versions() -> set[str]:
        await site.sweep()
        return {each["body"] for card in await cards(site, state="any") for each in card["versions"]}

    the_clock.move(days=4, hours=23)
    assert await versions() == {"Zq1.", "Zq2."}
    the_clock.move(hours=1)
    assert await versions() == {"Zq2."}
    the_clock.move(days=30)
    await decide(site, "publish", changed)
    the_clock.move(days=4, hours=23)
    assert await versions() == {"Zq2."}
    the_clock.move(hours=1, seconds=1)
    assert await versions() == set()


@pytest.mark.parametrize("refused", ["casino", "max_length"])
async def test_a_refused_edit_leaves_no_version(site: ASite, refused: str) -> None:
    await set_rules(site, reject_words=["casino"])
    posted = await a_comment(await a_thread(site))
    body = {"body": "A casino." if refused == "casino" else "x" * 10_001}
    path = f"/comments/{posted['comment']['id']}"
    assert (await site.call("PATCH", path, by=posted["author_token"], json=body)).status_code == 422
    assert [card["versions"] for card in await cards(site, state="published")] == [[]]


async def test_a_page_is_bounded_in_bytes_with_its_versions_and_parents(own_site: ASite) -> None:
    thread = await a_thread(own_site, mode="hold")
    for number in range(4):
        posted = await a_comment(thread, f"{number}" + "日" * 9_000)
        for letter in "月火水":
            await edit(own_site, posted, letter * 9_999)
    page: Json = {"next": ""}
    sizes = []
    while page["next"] is not None:
        query = {"limit": 200, **({"cursor": page["next"]} if page["next"] else {})}
        page = (await own_site.call("GET", "/queue", by="moderator", params=query)).json()
        sizes.append(len(page["comments"]))
    assert sizes == [1, 1, 1, 1]
