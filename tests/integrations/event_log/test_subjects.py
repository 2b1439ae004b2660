"""Events name the host's users, so that the host can notify them; held texts go only where an admin allows it."""

import pytest

from tests.builders import ASite, Json, a_comment, a_thread, decide, events_of
from tests.integrations.endpoints.a_receiver import a_receiver
from tests.integrations.endpoints.deliveries import a_worker, an_endpoint, change, endpoint_of
from tests.platform.access.a_host import SECRET, a_token, share_secret


async def newest_comment(site: ASite) -> Json:
    comment: Json = (await events_of(site))[-1]["data"]["comment"]
    return comment


async def test_an_event_says_who_was_answered_and_who_answered(site: ASite) -> None:
    await share_secret(site, SECRET)
    thread = await a_thread(site)
    ada, eve = a_token(site.slug, sub="user-7"), a_token(site.slug, sub="user-\u00e9", name="Eve")
    first = await a_comment(thread, by=ada)
    event = await newest_comment(site)
    assert (event["author"]["subject"], event["parent"]) == ("user-7", None)
    await a_comment(thread, "Is it?", by=eve, below=first["comment"]["id"])
    event = await newest_comment(site)
    assert event["author"]["subject"] == "user-\u00e9"
    assert event["parent"] == {"id": first["comment"]["id"], "author": {"name": "Ada Byron", "subject": "user-7"}}
    for page in (await thread.page(), (await site.call("GET", f"{thread.path}/feed.atom")).text):
        assert "user-" not in str(page), "readers see no ids of the host"
    guest = await a_comment(thread, "It is.", below=first["comment"]["id"])
    assert (await newest_comment(site))["author"]["subject"] is None
    await a_comment(thread, "So?", below=guest["comment"]["id"], by=a_token(site.slug, sub="user-\x00"))
    event = await newest_comment(site)
    assert event["author"]["subject"] is None, "no database stores control characters alike"
    assert event["parent"]["author"] == {"name": "Ada", "subject": None}


@pytest.mark.parametrize("way", ["by its author", "by a moderator"])
async def test_a_deleted_author_is_named_in_no_event(site: ASite, way: str) -> None:
    await share_secret(site, SECRET)
    thread, ada = await a_thread(site), a_token(site.slug, sub="user-7")
    first = await a_comment(thread, by=ada)
    await a_comment(thread, "Is it?", below=first["comment"]["id"])
    if way == "by its author":
        await site.call("DELETE", f"/comments/{first['comment']['id']}", by=ada)
    else:
        await decide(site, "delete", first["comment"])
    log = await events_of(site)
    assert "user-7" not in str(log)
    assert log[-2]["data"]["comment"]["parent"] == {"id": first["comment"]["id"], "author": None}


async def test_only_an_endpoint_with_the_grant_gets_held_texts_and_only_while_they_are_held(site: ASite) -> None:
    await site.set(mode="hold")
    async with a_receiver() as host, a_worker(site) as worker:
        for path, granted in (("/desk", True), ("/cms", False)):
            endpoint, _ = await an_endpoint(site, f"{host.origin}{path}", types=["comment.*"], held_text=granted)
            assert (await endpoint_of(site, endpoint))["held_text"] is granted
        thread = await a_thread(site)
        first = (await a_comment(thread, "Held words."))["comment"]
        assert (await newest_comment(site))["text_withheld"] == "held", "the log itself grants nothing"
        await worker.work()
        got = {each.path: each.content["data"]["comment"] for each in host.received}
        assert (got["/cms"]["text_withheld"], got["/cms"]["html"], got["/cms"]["author"]) == ("held", None, None)
        assert (got["/desk"]["text_withheld"], got["/desk"]["state"]) == (None, "pending")
        assert (got["/desk"]["html"], got["/desk"]["author"]["name"]) == ("<p>Held words.</p>", "Ada")
        await decide(site, "reject", first)
        await worker.work()
        assert {each.content["data"]["comment"]["text_withheld"] for each in host.received[2:]} == {"rejected"}
        endpoint = (await site.call("GET", "/endpoints", by="admin")).json()["endpoints"][0]["id"]
        await site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json={"first": 1})
        await change(site, endpoint, held_text=False)
        await a_comment(thread, "More held words.")
        await worker.work()
        assert "eld words" not in b"".join(each.body for each in host.received[4:]).decode()
