"""Moderators hold, trust and note readers: all that a held reader writes waits, a trusted one is rarely held."""

from typing import Any

from tests.builders import ASite, Clock, Json, a_comment, a_thread, decide, events_of, found_in, set_rules
from tests.moderation.measures.test_reader_measures import thread_from


async def a_measure(site: ASite, action: str, **body: Any) -> Json:
    response = await site.call("POST", "/measures", by="moderator", json={"action": action, **body})
    assert response.status_code == 201, response.text
    measure: Json = response.json()
    return measure


async def test_all_that_a_held_reader_writes_waits_until_the_hold_ends(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    by, comment = posted["author_token"], posted["comment"]
    hold = await a_measure(site, "hold", kind="reader", comment=comment["id"], until="2026-12-01T00:00:00Z")
    held = (await a_comment(thread, "Once more.", by=by))["comment"]
    assert (held["state"], await found_in(site, held)) == ("pending", ["hold_reader"])
    assert held["status_reasons"] == ["A moderator looks at it before it appears."]
    edited = await site.call("PATCH", f"/comments/{comment['id']}", by=by, json={"body": "Other words."})
    assert edited.json()["state"] == "pending"
    assert (await a_comment(thread, "By somebody else."))["comment"]["state"] == "published"
    assert (await site.call("DELETE", f"/measures/{hold['id']}", by="moderator")).status_code == 204
    assert (await a_comment(thread, "Again.", by=by))["comment"]["state"] == "published"
    await a_measure(site, "hold", kind="reader", comment=comment["id"], until="2026-12-01T00:00:00Z")
    the_clock.move(days=7)
    assert (await a_comment(thread, "Later.", by=by))["comment"]["state"] == "published"
    log = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    by_people = [each for each in log if each["decided_by"]["kind"] != "rule"]
    assert [each["action"] for each in by_people] == ["hold-reader", "unhold-reader", "hold-reader"]
    assert {each["reader_id"] for each in by_people} == {hold["reader_id"]}
    assert [each["type"] for each in await events_of(site) if each["type"].startswith("reader.")] == []


async def test_addresses_domains_and_emails_are_held_too(site: ASite) -> None:
    thread = await a_thread(site)
    for target, author in (
        ({"kind": "domain", "value": "mail.example"}, {"email": "a@mail.example"}),
        ({"kind": "email", "value": "b@other.example"}, {"email": "b@other.example"}),
    ):
        await a_measure(site, "hold", **target)
        assert (await a_comment(thread, "Held.", **author))["comment"]["state"] == "pending"
    await a_measure(site, "hold", kind="address", value="192.0.2.0/24")
    assert (await a_comment(thread_from(thread, "192.0.2.9")))["comment"]["state"] == "pending"


async def test_a_trusted_reader_skips_the_rules_of_newcomers_but_not_those_on_words(site: ASite) -> None:
    await set_rules(site, max_links=0, hold_words=["casino"], max_rejected_percent=10)
    thread = await a_thread(site, mode="hold-first-timers")
    posted = await a_comment(thread, "https://a.example/")
    by, comment = posted["author_token"], posted["comment"]
    assert comment["state"] == "pending"
    for number in range(5):
        await decide(site, "reject", (await a_comment(thread, f"Bad {number}.", by=by))["comment"])
    await a_measure(site, "trust", kind="reader", comment=comment["id"], reason="Our gardener.")
    assert (await a_comment(thread, "https://b.example/", by=by))["comment"]["state"] == "published"
    assert (await a_comment(thread, "A casino.", by=by))["comment"]["state"] == "pending"
    await a_measure(site, "hold", kind="reader", comment=comment["id"])
    assert (await a_comment(thread, "Held all the same.", by=by))["comment"]["state"] == "pending"
    await a_measure(site, "ban", kind="reader", comment=comment["id"])
    assert (await thread.post("Banned all the same.", by=by)).status_code == 403


async def test_measures_are_listed_by_action_and_reader(site: ASite) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    note = await a_measure(site, "note", kind="reader", comment=comment["id"], reason="Was warned.")
    ban = await a_measure(site, "ban", kind="domain", value="spam.example")
    reader = note["reader_id"]

    async def measures(**query: Any) -> list[Json]:
        found = await site.call("GET", "/measures", by="moderator", params=query)
        listed: list[Json] = found.json()["measures"]
        return listed

    assert await measures() == [ban, note]
    assert await measures(action="note") == await measures(reader=reader) == [note]
    bans = (await site.call("GET", "/bans", by="moderator")).json()["bans"]
    assert [each["id"] for each in bans] == [ban["id"]]
    of_reader = (await site.call("GET", f"/readers/{reader}", by="moderator")).json()
    assert (of_reader["bans"], of_reader["measures"]) == ([], [note])
    assert (await site.call("DELETE", f"/bans/{note['id']}", by="moderator")).status_code == 404
    assert (await site.call("DELETE", f"/measures/{note['id']}", by="moderator")).status_code == 204
    assert await measures() == [ban]
    assert (await a_comment(thread, "A note changes nothing."))["comment"]["state"] == "published"


async def test_a_measure_that_cannot_apply_is_a_problem_with_a_pointer(site: ASite) -> None:
    comment = (await a_comment(await a_thread(site)))["comment"]["id"]
    for body, pointer in (
        ({"kind": "reader", "comment": comment}, "/action"),
        ({"action": "praise", "kind": "reader", "comment": comment}, "/action"),
        ({"action": "trust", "kind": "domain", "value": "a.example"}, "/kind"),
        ({"action": "note", "kind": "address", "value": "192.0.2.1", "reason": "A note."}, "/kind"),
        ({"action": "note", "kind": "reader", "comment": comment}, "/reason"),
        ({"action": "hold", "kind": "reader"}, "/value"),
        ({"action": "hold", "kind": "reader", "comment": comment, "until": "2020-01-01T00:00:00Z"}, "/until"),
    ):
        refused = await site.call("POST", "/measures", by="moderator", json=body)
        assert (refused.status_code, refused.json()["pointer"]) == (422, pointer), body
