"""A banned reader cannot post, edit or report once the ban is acknowledged, and gets a civil message."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from service.conversation.readers.model import MeasureRow
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_site, a_thread, client_of, events_of


async def a_ban(site: ASite, **body: Any) -> Json:
    response = await site.call("POST", "/bans", by="moderator", json=body)
    assert response.status_code == 201, response.text
    ban: Json = response.json()
    return ban


def from_address(site: ASite, address: str) -> ASite:
    """Return the same site, called from ``address``."""
    transport = httpx2.ASGITransport(app=site.app, client=(address, 1))
    return ASite(
        site.app, site.slug, site.keys, httpx2.AsyncClient(transport=transport, base_url="http://onereply.test")
    )


def thread_from(thread: AThread, address: str) -> AThread:
    return AThread(from_address(thread.site, address), thread.article)


async def test_a_banned_reader_gets_the_end_the_reason_and_the_text_back(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    ban = await a_ban(
        site, kind="reader", comment=posted["comment"]["id"], until="2026-12-01T00:00:00Z", reason="Insults."
    )
    refused = await thread.post("Once more.", by=posted["author_token"])
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (403, "/problems/banned")
    assert (problem["until"], problem["reason"]) == ("2026-12-01T00:00:00Z", "Insults.")
    assert problem["draft"]["body"] == "Once more."
    assert problem["title"] == "Sorry, you can't comment here."
    path = f"/comments/{posted['comment']['id']}"
    edit = await site.call("PATCH", path, by=posted["author_token"], json={"body": "Other words."})
    assert (edit.status_code, edit.json()["draft"]) == (403, {"body": "Other words."})
    assert (await site.call("GET", f"/readers/{ban['reader_id']}", by="moderator")).json()["bans"] == [ban]
    the_clock.move(days=7)
    assert (await thread.post("Back again.", by=posted["author_token"])).status_code == 201
    assert (await site.call("GET", "/bans", by="moderator")).json()["bans"] == []


@pytest.mark.parametrize(
    ("ban", "banned", "allowed"),
    [
        ({"kind": "email", "value": "Eve@Spam.example"}, {"email": "eve@spam.example"}, {"email": "al@spam.example"}),
        ({"kind": "domain", "value": "spam.example"}, {"email": "a@mail.spam.example"}, {"email": "a@ham.example"}),
        ({"kind": "domain", "value": "ｓpam。example."}, {"email": "a@mail.Ｓpam｡example"}, {"email": "a@ham.example"}),
        ({"kind": "domain", "value": "пример.рф"}, {"email": "a@xn--e1afmkfd.xn--p1ai"}, {"email": "a@рф.example"}),
        (
            {"kind": "email", "value": "eve@xn--e1afmkfd.xn--p1ai"},
            {"email": "Eve@Пример.РФ"},
            {"email": "al@пример.рф"},
        ),
    ],
)
async def test_an_email_and_a_domain_are_recognised(site: ASite, ban: Json, banned: Json, allowed: Json) -> None:
    thread = await a_thread(site)
    await a_ban(site, **ban)
    assert (await thread.post(**banned)).status_code == 403
    assert (await thread.post(**allowed)).status_code == 201
    assert (await thread.post()).status_code == 201


@pytest.mark.parametrize(
    ("value", "inside", "outside"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/24", "192.0.2.200", "192.0.3.1"),
        ("fe80::7%eth0", "fe80::8%eth1", "fe80:0:0:1::7"),
        ("198.51.0.0/16", "::ffff:198.51.100.7", "198.52.0.1"),
        ("2001:db8:1:2::7", "2001:db8:1:2::8", "2001:db8:1:3::7"),
        ("2001:db8:1::/48", "2001:db8:1:ffff::1", "2001:db8:2::1"),
    ],
)
async def test_a_range_of_addresses_is_banned(site: ASite, value: str, inside: str, outside: str) -> None:
    thread = await a_thread(site)
    ban = await a_ban(site, kind="address", value=value)
    assert value.split("/", maxsplit=1)[0] not in str(ban), "no address is kept"
    assert (await thread_from(thread, inside).post()).status_code == 403
    assert (await thread_from(thread, outside).post()).status_code == 201
    assert (await thread.post(by="host")).status_code == 201


async def test_the_address_of_a_comment_is_banned_by_its_fingerprint(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread_from(thread, "203.0.113.5"))
    await a_ban(site, kind="address", comment=posted["comment"]["id"])
    assert (await thread_from(thread, "203.0.113.5").post("As somebody else.", name="Eve")).status_code == 403
    assert (await thread_from(thread, "203.0.113.6").post()).status_code == 201


async def test_an_ended_ban_has_no_effect_and_both_steps_are_logged(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    ban = await a_ban(site, kind="reader", comment=posted["comment"]["id"], reason="Advertising.")
    assert (await site.call("DELETE", f"/bans/{ban['id']}", by="moderator")).status_code == 204
    assert (await site.call("DELETE", f"/bans/{ban['id']}", by="moderator")).status_code == 404
    assert (await thread.post(by=posted["author_token"])).status_code == 201
    events = [event for event in await events_of(site) if event["type"].startswith("reader.")]
    assert [event["type"] for event in events] == ["reader.banned", "reader.unbanned"]
    assert all(event["sequence"] is None and event["data"]["ban"]["id"] == ban["id"] for event in events)
    query = {"reader": ban["reader_id"]}
    log = (await site.call("GET", "/decisions", by="moderator", params=query)).json()["decisions"]
    assert [(each["action"], each["ban_id"]) for each in log] == [("unban", ban["id"]), ("ban", ban["id"])]
    assert log[1]["reason"] == "Advertising."


async def test_bans_are_listed_in_pages_newest_first_per_site(site: ASite) -> None:
    made = [await a_ban(site, kind="domain", value=f"d{number}.example") for number in range(3)]
    first = await site.call("GET", "/bans?limit=2", by="moderator")
    assert first.json()["bans"] == made[:0:-1]
    rest = (await site.call("GET", f"/bans?cursor={first.json()['next']}", by="moderator")).json()
    assert rest == {"bans": made[:1], "next": None}
    async with a_site(site.app) as other:
        assert (await other.call("GET", "/bans", by="moderator")).json()["bans"] == []
        assert (await other.call("DELETE", f"/bans/{made[0]['id']}", by="moderator")).status_code == 404
        assert (await (await a_thread(other)).post(email="a@d0.example")).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "reader"}, "/value"),
        ({"kind": "reader", "value": "Jo"}, "/value"),
        ({"kind": "reader", "value": "01a20d0a-7980-70ed-a079-d3bde8e25d94"}, "/value"),
        ({"kind": "domain", "value": "@"}, "/value"),
        ({"kind": "domain", "value": "com."}, "/value"),
        ({"kind": "domain", "value": "ΐ" * 250 + ".gr"}, "/value"),
        ({"kind": "email", "value": "nobody"}, "/value"),
        ({"kind": "address", "value": "nowhere"}, "/value"),
        ({"kind": "address", "value": "10.0.0.0/8"}, "/value"),
        ({"kind": "address", "value": "2001:db8::/20"}, "/value"),
        ({"kind": "domain", "value": "a.example", "until": "2020-01-01T00:00:00Z"}, "/until"),
    ],
)
async def test_an_invalid_target_is_a_problem_with_a_pointer(site: ASite, body: Json, pointer: str) -> None:
    refused = await site.call("POST", "/bans", by="moderator", json=body)
    assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)


async def test_a_comment_without_that_kind_of_target_is_refused(site: ASite) -> None:
    posted = await a_comment(await a_thread(site), by="host")
    for kind in ("email", "domain", "address"):
        body = {"kind": kind, "comment": posted["comment"]["id"]}
        assert (await site.call("POST", "/bans", by="moderator", json=body)).status_code == 422
    async with a_site(site.app) as other:
        body = {"kind": "reader", "comment": posted["comment"]["id"]}
        assert (await other.call("POST", "/bans", by="moderator", json=body)).status_code == 404


async def test_moderators_see_a_readers_comments_by_state_with_names_and_times(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, name="Joe")
    for name in ("Jo", "Zoe", "Joe"):
        the_clock.move(hours=1)
        await a_comment(thread, f"Again, from {name}.", name=name, by=posted["author_token"])
    [queued, *_] = (await site.call("GET", "/queue?state=any&order=newest", by="moderator")).json()["comments"]
    known = (await site.call("GET", f"/readers/{queued['reader_id']}", by="moderator")).json()
    assert (known["names"], known["comments"]) == (["Joe", "Zoe", "Jo"], {"published": 4})
    assert (known["first_at"], known["last_at"]) == ("2026-11-24T12:00:00Z", "2026-11-24T15:00:00Z")
    async with a_site(site.app) as other:
        assert (await other.call("GET", f"/readers/{queued['reader_id']}", by="moderator")).status_code == 404


async def test_the_address_fingerprint_of_a_comment_is_pruned(own_site: ASite, the_clock: Clock) -> None:
    posted = await a_comment(thread_from(await a_thread(own_site), "203.0.113.77"))
    body = {"kind": "address", "comment": posted["comment"]["id"]}
    the_clock.move(days=29)
    await own_site.sweep()
    assert (await own_site.call("POST", "/bans", by="moderator", json=body)).status_code == 201
    the_clock.move(days=2)
    await own_site.sweep()
    assert (await own_site.call("POST", "/bans", by="moderator", json=body)).status_code == 422
    await client_of(own_site.app).aclose()


async def test_a_ban_by_the_email_of_a_comment_also_blocks_edits(site: ASite) -> None:
    posted = await a_comment(await a_thread(site), email="eve@spam.example")
    await a_ban(site, kind="domain", comment=posted["comment"]["id"])
    path = f"/comments/{posted['comment']['id']}"
    edit = await site.call("PATCH", path, by=posted["author_token"], json={"body": "Buy now."})
    assert (edit.status_code, edit.json()["type"]) == (403, "/problems/banned")


async def test_the_fingerprint_of_a_ban_is_erased_after_its_end(own_site: ASite, the_clock: Clock) -> None:
    ban = await a_ban(own_site, kind="email", value="eve@spam.example", until="2026-11-25T00:00:00Z")
    await a_ban(own_site, kind="domain", value="spam.example")
    the_clock.move(days=1)
    await own_site.sweep()
    async with own_site.app.state.database.read() as connection:
        fingerprints = {
            row.masked_value: row.fingerprint
            for row in await connection.execute(select(MeasureRow.masked_value, MeasureRow.fingerprint))
        }
    assert fingerprints[ban["masked_value"]] == 0 != fingerprints["spam.example"]
