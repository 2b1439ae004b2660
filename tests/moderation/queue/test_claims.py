"""Two moderators never claim the same comment."""

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
    claimed: list[Json] = response.json()["comments"]
    return claimed


async def pending(site: ASite, *, of: int) -> AThread:
    thread = await a_thread(site, mode="hold")
    for number in range(of):
        await a_comment(thread, f"Number {number}")
    return thread


def ids(claimed: list[Json]) -> list[str]:
    return [each["comment"]["id"] for each in claimed]


async def test_a_claimed_comment_is_claimed_by_no_other(site: ASite) -> None:
    await pending(site, of=5)
    mine, theirs = await claim(site, limit=2), await claim(site, by="admin", limit=10)
    assert (len(mine), len(theirs)) == (2, 3)
    assert not set(ids(mine)) & set(ids(theirs))
    assert ids(await claim(site, limit=2)) == ids(mine), "one's own are claimed again"
    held_by = {each["comment"]["id"]: each["claim"]["by"] for each in (await queue(site))["comments"]}
    assert len(set(held_by.values())) == 2 and set(held_by) == {*ids(mine), *ids(theirs)}


async def test_concurrent_claims_share_the_pending_comments(site: ASite) -> None:
    await pending(site, of=12)
    async with site.app.state.database.write() as connection:
        site_id = (await find_site(connection, site.slug)).id
        keys = [await add_key(connection, site_id, "moderator") for _ in range(6)]
    claimed = await gather(*(claim(site, by=key, limit=3) for key in keys))
    met = [comment for each in claimed for comment in ids(each)]
    assert len(met) == len(set(met)) == 12


async def test_a_claim_ends_by_time_by_a_decision_or_by_release(site: ASite, the_clock: Clock) -> None:
    await pending(site, of=3)
    mine = await claim(site, limit=3)
    await decide(site, "publish", mine[0]["comment"])
    assert await claim(site, by="admin") == []
    assert (await site.call("DELETE", "/claims", by="moderator")).status_code == 204
    theirs = await claim(site, by="admin", limit=1)
    assert ids(theirs) == ids(mine)[1:2]
    the_clock.move(minutes=5)
    assert ids(await claim(site)) == ids(mine)[1:]


async def test_a_claim_does_not_block_decisions_of_others(site: ASite) -> None:
    await pending(site, of=1)
    [claimed] = await claim(site, by="admin")
    [result] = await decide(site, "publish", claimed["comment"])
    assert result["state"] == "published"


async def test_claims_are_filtered_by_state_article_and_rule(site: ASite) -> None:
    first, second = await pending(site, of=1), await pending(site, of=1)
    [claimed] = await claim(site, article=second.article)
    assert claimed["article"] == second.article
    assert await claim(site, by="admin", rule="max_links") == []
    assert await claim(site, by="admin", state="reported") == []
    assert [each["article"] for each in await claim(site, by="admin", rule="mode")] == [first.article]


async def test_two_processes_never_both_claim_a_comment(site: ASite) -> None:
    """Both read the same comments as unclaimed before the second writes."""
    await pending(site, of=2)
    ids_ = [UUID(each["comment"]["id"]) for each in (await queue(site))["comments"]]
    now, database = clock.now(), site.app.state.database
    taken = []
    for by, at in (("one", now), ("two", now), ("one", now), ("two", now + LEASE)):
        async with database.write() as connection:
            taken.append(await claim_comments(connection, ids_, by=by, now=at))
    assert taken == [set(ids_), set(), set(ids_), set(ids_)]
