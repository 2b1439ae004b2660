"""The section of an article, and every list that is filtered by it."""

import feedparser
import pytest

from tests.builders import ASite, a_comment, a_thread

ODD = "Noticias de España & más/otra"


async def articles_of(site: ASite, path: str, members: str, **query: str) -> list[str]:
    """The articles in a list, each once, in the order of its first item."""
    items = (await site.call("GET", path, by="admin", params=query)).raise_for_status().json()[members]
    found = [item["data"]["thread"]["article"] if "data" in item else item["article"] for item in items]
    return [*dict.fromkeys(found)]


async def feed_of(site: ASite, **query: str) -> tuple[list[str], str, str]:
    feed = feedparser.parse((await site.call("GET", "/feed.atom", params=query)).raise_for_status().text)
    return [entry.title.split(": ")[1] for entry in feed.entries], feed.feed.id, feed.feed.title


async def test_every_list_has_only_the_section_that_it_is_asked_for(site: ASite) -> None:
    await site.set(mode="hold")
    for article, section in (("a", "politics"), ("b", "sport"), ("c", None), ("d", f" {ODD}\t")):
        thread = await a_thread(site, article=article, title=article, section=section, mode="publish")
        await a_comment(thread)
        await site.call("PUT", thread.path, by="host", json={"mode": "hold"})
        held = await a_comment(thread)
        decision = {"action": "spam", "comments": [{"id": held["comment"]["id"], "revision": 1}]}
        await site.call("POST", "/decisions", by="moderator", json=decision)
        await a_comment(thread)
    assert [(await site.call("GET", f"/threads/{each}")).json()["section"] for each in "abcd"] == [
        "politics",
        "sport",
        None,
        ODD,
    ]
    lists = (("/threads", "threads"), ("/queue", "comments"), ("/events", "events"), ("/decisions", "decisions"))
    for section, expected in (("politics", ["a"]), (ODD.replace("ñ", "n\u0303"), ["d"]), ("Politics", []), ("x", [])):
        for path, members in (*lists, ("/counts", "counts")):
            assert await articles_of(site, path, members, section=section) == expected, (path, section)
        assert (await feed_of(site, section=section))[0] == expected
        claims = await site.call("POST", "/claims", by="moderator", json={"section": section})
        assert [(each["article"], each["section"]) for each in claims.json()["comments"]] == [
            (each, "politics" if each == "a" else ODD) for each in expected
        ]
    assert [await articles_of(site, *each) for each in lists] == [[*"abcd"], [*"abcd"], [*"abcd"], [*"dcba"]]
    assert (await feed_of(site))[0] == [*"dcba"]
    politics, sport = await feed_of(site, section="politics"), await feed_of(site, section="sport")
    assert len({politics[1], sport[1], (await feed_of(site))[1]}) == 3
    assert politics[2] == "The Gazette: politics"


async def test_a_section_is_changed_and_removed(site: ASite) -> None:
    thread = await a_thread(site, article="a", section="politics")
    await a_comment(thread)
    assert await articles_of(site, "/counts", "counts", section="politics") == ["a"]
    for section in ("sport", None):
        changed = await site.call("PUT", thread.path, by="host", json={"section": section})
        assert (changed.status_code, changed.json()["section"]) == (200, section)
        assert await articles_of(site, "/counts", "counts", section="politics") == []
    assert await articles_of(site, "/counts", "counts", section="sport") == []


async def test_the_counts_of_a_section_are_those_of_its_public_articles(site: ASite) -> None:
    await a_thread(site, article="a", section="s")
    await a_thread(site, article="b", section="s", published_at="2999-01-01T00:00:00Z")
    await a_comment(await a_thread(site, article="c", section="s"))
    response = await site.call("GET", "/counts?section=s")
    assert [(each["article"], each["reply_count"]) for each in response.json()["counts"]] == [("c", 1), ("a", 0)]


async def test_events_of_a_section_are_read_to_the_end_of_the_log(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.integrations.event_log.api.MAX_SEARCHED", 3)
    rare = await a_thread(site, article="rare", section=ODD)
    busy = await a_thread(site, article="busy", section="sport")
    for _ in range(8):
        await a_comment(busy)
    await a_comment(rare)
    positions, path = [], "/events"
    params: dict[str, str] | None = {"section": ODD, "limit": "1"}
    while True:
        response = await site.call("GET", path, by="host", params=params)
        positions += [each["position"] for each in response.json()["events"]]
        if "link" not in response.headers:
            break
        path, params = f"/events{response.headers['link'][1:].partition('>')[0]}", None
    assert positions == [1, 11]
    assert (response.json()["next"], response.json()["head"]) == (11, 11)


async def test_an_invalid_section_is_refused(site: ASite) -> None:
    for section in ("", "\u200b", "x" * 201, 5, ["a"]):
        refused = await site.call("PUT", "/threads/a", by="host", json={"title": "A", "section": section})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/section"), section
    for path in ("/threads", "/queue", "/events", "/decisions", "/counts", "/feed.atom"):
        for query in ("section=", f"section={'x' * 201}", "section=%00", "section=a&section=b"):
            refused = await site.call("GET", f"{path}?{query}", by="admin")
            assert (refused.status_code, refused.json()["parameter"]) == (400, "section"), (path, query)
    both = await site.call("GET", "/counts?section=a&article=b")
    assert (both.status_code, both.json()["parameter"]) == (400, "article")
