"""Readers in the desk: found by an id or words, their record, and the measures on them."""

import re
from uuid import uuid4

import pytest

from tests.builders import ASite, Clock, Json, a_comment, a_thread
from tests.desk.a_desk_client import ADesk, sign_in, text_of


async def a_reader(site: ASite, *, section: str | None = "sport", **given: str) -> tuple[Json, str]:
    """A comment and its author's id."""
    comment = (await a_comment(await a_thread(site, section=section), **given))["comment"]
    listed = (await site.call("GET", "/queue?state=any", by="moderator")).json()["comments"]
    return comment, next(each["reader_id"] for each in listed if each["comment"]["id"] == comment["id"])


async def measures_of(site: ASite, reader: str) -> list[Json]:
    read: list[Json] = (await site.call("GET", f"/readers/{reader}", by="moderator")).json()["measures"]
    return read


async def take(desk: ADesk, comment: Json, reader: str, **fields: str) -> str:
    body = {"comment": comment["id"], "reader": reader, "measure": "ban", "duration": "week", **fields}
    sent = await desk.send("measures", body)
    return text_of(await desk.follow(sent) if sent.status_code == 303 else sent)


async def test_a_reader_is_found_by_ids_and_by_words(site: ASite) -> None:
    comment, reader = await a_reader(site, name="Ada Lovelace", body="About engines.")
    desk = await sign_in(site)
    for query in (reader, comment["id"], f"https://gazette.example/a%23comment-{comment['id']}"):
        found = await desk.get(f"readers?q={query}")
        assert found.headers["location"] == desk.path(f"readers/{reader}"), query
    for query in ("lovelace", "engines"):
        assert f"readers/{reader}" in (await desk.get(f"readers?q={query}")).text
    for query in (str(uuid4()), "nobody"):
        assert "No reader matches." in text_of(await desk.get(f"readers?q={query}"))


async def test_the_record_shows_names_counts_and_comments_in_all_states(site: ASite) -> None:
    comment, reader = await a_reader(site, name="Ada")
    await site.call(
        "POST",
        "/decisions",
        by="moderator",
        json={"action": "reject", "comments": [{"id": comment["id"], "revision": comment["revision"]}]},
    )
    desk = await sign_in(site)
    text = text_of(await desk.get(f"readers/{reader}"))
    assert "Ada" in text and "Published 0 Pending 0 Rejected 1" in text
    assert f'id="card-{comment["id"]}"' in (await desk.get(f"readers/{reader}?state=rejected")).text
    assert f'id="card-{comment["id"]}"' not in (await desk.get(f"readers/{reader}?state=spam")).text
    assert (await desk.get(f"readers/{uuid4()}")).status_code == 404
    assert (await desk.get("readers/x")).status_code == 404


@pytest.mark.parametrize(("duration", "days"), [("day", 1), ("week", 7), ("month", 30), ("good", None)])
async def test_a_ban_lasts_as_long_as_chosen(site: ASite, the_clock: Clock, duration: str, days: int | None) -> None:
    comment, reader = await a_reader(site)
    text = await take(await sign_in(site), comment, reader, duration=duration, reason="Abuse.")
    assert "Done." in text and "Abuse." in text
    [measure] = await measures_of(site, reader)
    assert (measure["action"], measure["kind"], measure["reason"]) == ("ban", "reader", "Abuse.")
    if days is None:
        assert measure["until"] is None
    else:
        the_clock.move(days=days, seconds=-1)
        assert len(await measures_of(site, reader)) == 1
        the_clock.move(seconds=1)
        assert await measures_of(site, reader) == []


async def test_each_measure_is_taken_and_lifted(site: ASite) -> None:
    comment, reader = await a_reader(site, email="ada@mail.example")
    desk = await sign_in(site)
    for measure in ("ban", "hold", "trust", "note"):
        await take(desk, comment, reader, measure=measure, reason="A reason.")
    for kind in ("email", "domain"):
        await take(desk, comment, reader, measure="hold", kind=kind)
    assert len(await measures_of(site, reader)) == 5  # that on the domain is on nobody in particular
    page = await desk.get("readers")
    lifts = re.findall(r'action="([^"]*/end)"', page.text)
    assert len(lifts) == 6
    for lift in lifts:
        sent = await desk.send(lift, {"next": desk.path(f"readers/{reader}")})
        assert "It no longer holds." in text_of(await desk.follow(sent))
    assert await measures_of(site, reader) == []
    again = await desk.send(lifts[0], {"next": desk.path("readers")})
    assert "It had ended before." in text_of(await desk.follow(again))


async def test_a_refused_measure_keeps_what_was_typed(site: ASite) -> None:
    comment, reader = await a_reader(site)
    desk = await sign_in(site)
    sent = await desk.send(
        "measures",
        {"comment": comment["id"], "reader": reader, "measure": "trust", "kind": "email", "reason": "A <b>friend</b>"},
    )
    assert sent.status_code == 422
    assert "has no email" in text_of(sent)
    assert 'value="A &lt;b&gt;friend&lt;/b&gt;"' in sent.text
    assert re.search(r'value="trust" checked', sent.text)
    refused = await desk.send("measures", {"measure": "ban", "kind": "address", "value": "nowhere", "reason": "Spam."})
    assert refused.status_code == 422
    assert 'value="nowhere" dir="auto" autocomplete="off" maxlength="254" required aria-invalid="true"' in refused.text
    assert await measures_of(site, reader) == []


async def test_an_address_is_banned_by_its_value(site: ASite) -> None:
    desk = await sign_in(site)
    sent = await desk.send("measures", {"measure": "ban", "kind": "domain", "value": "spam.example"})
    assert "spam.example" in text_of(await desk.follow(sent))


async def test_moderators_know_readers_only_from_their_sections(site: ASite) -> None:
    own, known = await a_reader(site, name="Ada")
    other, unknown = await a_reader(site, section="politics", name="Bo")
    desk = await sign_in(site, sections=("sport",))
    assert (await desk.get(f"readers/{unknown}")).status_code == 404
    assert "No reader matches." in text_of(await desk.get(f"readers?q={other['id']}"))
    assert unknown not in (await desk.get("readers?q=bo")).text
    assert (await desk.send("measures", {"measure": "ban", "value": unknown})).status_code == 403
    assert "Done." in await take(desk, own, known)
    assert "Measures in force" not in text_of(await desk.get("readers"))
    otto = await sign_in(site, "Otto")
    await take(otto, other, unknown)
    [measure] = await measures_of(site, unknown)
    assert "It had ended before." in text_of(
        await desk.follow(await desk.send(f"measures/{measure['id']}/end", {"next": desk.path("readers")}))
    )
    assert len(await measures_of(site, unknown)) == 1


async def test_comments_of_a_reader_are_deleted_together(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "One.")
    comments = [posted["comment"], (await a_comment(thread, "Two.", by=posted["author_token"]))["comment"]]
    listed = (await site.call("GET", "/queue?state=any", by="moderator")).json()["comments"]
    here = f"readers/{listed[0]['reader_id']}"
    desk = await sign_in(site)
    fields = [("comment", f"{each['id']}:{each['revision']}") for each in comments]
    sent = await desk.send("decisions", [*fields, ("action", "delete"), ("keep", "list"), ("next", desk.path(here))])
    assert "Deleted 2" in text_of(await desk.follow(sent))


async def test_an_admin_erases_a_reader_after_a_page_that_says_what_goes(site: ASite) -> None:
    comment, reader = await a_reader(site, name="Ada Lovelace", body="About engines.")
    desk = await sign_in(site, role="admin")
    assert f'href="{desk.path(f"readers/{reader}/erasure")}"' in (await desk.get(f"readers/{reader}")).text
    asked = text_of(await desk.get(f"readers/{reader}/erasure"))
    assert "Ada Lovelace" in asked and "Comments to erase: 1" in asked and "can’t be undone" in asked
    done = await desk.follow(await desk.send(f"readers/{reader}/erasure", {}))
    assert "The reader is erased." in text_of(done)
    assert "Lovelace" not in done.text and "engines" not in done.text
    assert "Comments to erase: 0" in text_of(await desk.get(f"readers/{reader}/erasure"))
    read = await site.call("GET", f"/comments/{comment['id']}", by="moderator")
    assert read.json()["comment"]["state"] == "deleted"
    for unknown in (str(uuid4()), "x"):
        assert (await desk.get(f"readers/{unknown}/erasure")).status_code == 404
        assert (await desk.send(f"readers/{unknown}/erasure", {})).status_code == 404


async def test_only_admins_find_the_erasure(site: ASite) -> None:
    _, reader = await a_reader(site)
    desk = await sign_in(site)
    assert "erasure" not in (await desk.get(f"readers/{reader}")).text
    assert (await desk.get(f"readers/{reader}/erasure")).status_code == 403
