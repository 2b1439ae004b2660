"""Promises 3 and 5 while whoever takes part is killed at random: at the end a host that applied what it was sent, by
sequence, holds exactly what the database holds; every event came, and none altered.
"""

import asyncio
import os
import time
from pathlib import Path
from random import Random

import msgspec
import pytest
from sqlalchemy import select

from service.conversation.comments.model import CommentRow
from service.integrations.endpoints.payload import webhook_body
from service.platform.events.event_types import Event
from tests.builders import ASite, AThread, Json, a_thread
from tests.promises.cast import Cast, a_cast
from tests.promises.crossing import database_of
from tests.promises.insisting import People
from tests.promises.ledger import Ledger
from tests.promises.proving import findings, of_thread, prove_count, whole_log

SEED = int(os.environ.get("SEED", "1"))
KILLS, THREADS, PEOPLE, OPERATIONS = 50, 20, 6, 4
ARRIVES_WITHIN, ENDS_WITHIN = 40, 90  # seconds; what a dead worker had is free after twenty


class Log(msgspec.Struct):
    """A page of the log, its events' data as it stands there."""

    events: list[Event]
    head: int


@pytest.mark.slow
async def test_fifty_kills_lose_nothing_and_alter_nothing(
    own_site: ASite, fresh_database_url: str, tmp_path: Path
) -> None:
    began, random = time.monotonic(), Random(SEED)  # noqa: S311  # a chaos that can be had again
    print(f"SEED={SEED}")
    ledger = Ledger(tmp_path / "ledger.db")
    async with a_cast(fresh_database_url, tmp_path / "ledger.db", random) as cast:
        endpoint = await listen(own_site, cast)
        threads = [await a_thread(own_site) for _ in range(THREADS)]
        people = People(cast, threads, random)
        await kill(cast, people, ledger, random)
        await cast.calm_down()
        redelivered = await until_delivered(own_site, endpoint)
    log = await whole_log(own_site)
    await prove_told(own_site, ledger, log)
    await prove_applied(own_site, ledger, threads, log)
    prove_kept(people, log)
    assert await findings(own_site.app) == []
    print(
        f"\n{dict(cast.ends)}; {len(log)} events, {ledger.taken} taken, {ledger.taken - len(log)} of them twice, "
        f"{redelivered} failed and redelivered, {len(people.posts)} posts, {time.monotonic() - began:.0f} s"
    )
    ledger.close()
    assert not cast.complaints, "\n\n".join(map(str, cast.complaints))


async def listen(site: ASite, cast: Cast) -> str:
    """An endpoint for everything that happens from now on; its id."""
    body = {"url": f"http://127.0.0.1:{cast.port}/", "secret": cast.secret}
    response = await site.call("POST", "/endpoints", by="admin", json=body)
    assert response.status_code == 201, response.text
    endpoint: str = response.json()["endpoint"]["id"]
    return endpoint


async def kill(cast: Cast, people: People, ledger: Ledger, random: Random) -> None:
    """Kill one after another, each while things are done and told."""
    while cast.kills < KILLS:
        async with asyncio.TaskGroup() as group:
            for _ in range(PEOPLE):
                group.create_task(people.do(OPERATIONS))
            await until_more_comes(ledger)
            await asyncio.sleep(random.uniform(0, 0.3))
            await cast.end_one()


async def until_more_comes(ledger: Ledger) -> None:
    """Wait until the receiver has taken more than it has now."""
    taken = ledger.taken
    async with asyncio.timeout(ARRIVES_WITHIN):
        while ledger.taken == taken:  # noqa: ASYNC110  # another process makes it so
            await asyncio.sleep(0.01)


async def until_delivered(site: ASite, endpoint: str) -> int:
    """Wait until nothing is on its way any more; what has failed is sent again. How many that were."""
    redelivered = 0
    async with asyncio.timeout(ENDS_WITHIN):
        while True:
            health = (await site.call("GET", f"/endpoints/{endpoint}", by="admin")).json()["health"]
            if not (health["lag"] or health["waiting"] or health["failed"]):
                return redelivered
            if health["failed"]:
                again = {"failed_since": "2026-01-01T00:00:00Z"}
                response = await site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json=again)
                redelivered += response.json()["redelivered"]
            await asyncio.sleep(0.1)


async def prove_told(site: ASite, ledger: Ledger, log: list[Json]) -> None:
    """Every event of the log came, signed, and is what the log says, byte by byte."""
    told: dict[str, bytes] = {}
    while len(told) < len(log):
        page = await site.call("GET", f"/events?after={len(told)}&limit=1000", by="host")
        events = msgspec.json.decode(page.content, type=Log).events
        told |= {str(event.id): webhook_body(site.slug, event) for event in events}
    assert ledger.complaints == []
    bodies = ledger.bodies
    assert bodies.keys() == told.keys()
    assert bodies == told


async def prove_applied(site: ASite, ledger: Ledger, threads: list[AThread], log: list[Json]) -> None:
    """What the receiver holds are the counts, labels and states that the database holds."""
    assert ledger.threads == {thread.article: await thread.read(by="host") for thread in threads}
    async with database_of(site).read() as connection:
        states = {str(row.id): row.state for row in await connection.execute(select(CommentRow.id, CommentRow.state))}
    assert ledger.states == states
    for thread in threads:
        posted = {
            event["data"]["comment"]["id"] for event in of_thread(log, thread.article) if "comment" in event["data"]
        }
        await prove_count(thread, {each for each in posted if ledger.states[each] == "published"}, by="host")


def prove_kept(people: People, log: list[Json]) -> None:
    """Whatever was acknowledged is in the log: posts, closes, reopenings, titles, decisions."""
    threads = {(event["data"]["thread"]["article"], event["sequence"]): event["data"]["thread"] for event in log}
    for thread in people.threads:
        assert threads[thread["article"], thread["sequence"]] == thread
    comments = [event["data"]["comment"] for event in log if "comment" in event["data"]]
    assert {each["comment"]["id"] for each in people.posts.values()} <= {each["id"] for each in comments}
    states = {(each["id"], each["revision"]): each["state"] for each in comments}
    assert people.decided.items() <= states.items()
