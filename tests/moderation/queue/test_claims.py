"""Two moderators are never handed the same comment at once."""

from asyncio import gather
from uuid import UUID

from service.moderation.queue.claims import LEASE
from service.moderation.queue.claims import claim as claim_comments
from service.platform import clock
from service.platform.access.api_keys import add_key
from service.platform.sites.edit_site import find_site
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide
from tests.moderation.queue.test_review_queue import queue


async def claim(site: ASite, *, by: str = "moderator", **body: object) -> list[Json]:
    response = await site.call("POST", "/claims", by=by, json=body)
    assert response.status_code == 200, response.text
    handed: list[Json] = response.json()["comments"]
    return handed


async def waiting(site: ASite, *, of: int) -> AThread:
    thread = await a_thread(site, mode="hold")
    for number in range(of):
        await a_comment(thread, f"Number {number}")
    return thread


def ids(handed: list[Json]) -> list[str]:
    return [each["comment"]["id"] for each in handed]


async def test_what_one_is_handed_nobody_else_is(site: ASite) -> None:
    await waiting(site, of=5)
    mine, theirs = await claim(site, limit=2), await claim(site, by="admin", limit=10)
    assert (len(mine), len(theirs)) == (2, 3)
    assert not set(ids(mine)) & set(ids(theirs))
    assert ids(await claim(site, limit=2)) == ids(mine), "one's own are handed again"
    held_by = {each["comment"]["id"]: each["claim"]["by"] for each in (await queue(site))["comments"]}
    assert len(set(held_by.values())) == 2 and set(held_by) == {*ids(mine), *ids(theirs)}


async def test_many_who_ask_at_the_same_time_share_what_waits(site: ASite) -> None:
    await waiting(site, of=12)
    async with site.app.state.database.write() as connection:
        site_id = (await find_site(connection, site.slug)).id
        keys = [await add_key(connection, site_id, "moderator") for _ in range(6)]
    handed = await gather(*(claim(site, by=key, limit=3) for key in keys))
    met = [comment for each in handed for comment in ids(each)]
    assert len(met) == len(set(met)) == 12


async def test_a_claim_ends_by_itself_by_a_decision_or_by_letting_go(site: ASite, the_clock: Clock) -> None:
    await waiting(site, of=3)
    mine = await claim(site, limit=3)
    await decide(site, "publish", mine[0]["comment"])
    assert await claim(site, by="admin") == []
    assert (await site.call("DELETE", "/claims", by="moderator")).status_code == 204
    theirs = await claim(site, by="admin", limit=1)
    assert ids(theirs) == ids(mine)[1:2]
    the_clock.move(minutes=5)
    assert ids(await claim(site)) == ids(mine)[1:]


async def test_a_claim_keeps_nobody_from_judging(site: ASite) -> None:
    await waiting(site, of=1)
    [handed] = await claim(site, by="admin")
    [result] = await decide(site, "publish", handed["comment"])
    assert result["state"] == "published"


async def test_claims_are_asked_by_state_article_and_rule(site: ASite) -> None:
    first, second = await waiting(site, of=1), await waiting(site, of=1)
    [handed] = await claim(site, article=second.article)
    assert handed["article"] == second.article
    assert await claim(site, by="admin", rule="max_links") == []
    assert await claim(site, by="admin", state="reported") == []
    assert [each["article"] for each in await claim(site, by="admin", rule="mode")] == [first.article]


async def test_two_processes_that_see_the_same_as_free_do_not_both_get_it(site: ASite) -> None:
    """What each has read as free is no longer so when the second writes."""
    await waiting(site, of=2)
    ids_ = [UUID(each["comment"]["id"]) for each in (await queue(site))["comments"]]
    now, database = clock.now(), site.app.state.database
    taken = []
    for by, at in (("one", now), ("two", now), ("one", now), ("two", now + LEASE)):
        async with database.write() as connection:
            taken.append(await claim_comments(connection, ids_, by=by, now=at))
    assert taken == [set(ids_), set(), set(ids_), set(ids_)]
