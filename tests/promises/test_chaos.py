"""Promises 3 and 5 while servers, workers and the receiver are killed at random.

At the end, a host that applied the messages by sequence has the same state as the database. Every event arrived
unaltered.
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
from service.integrations.event_log.wire import EventOut
from tests.builders import ASite, AThread, Json, a_thread
from tests.promises.chaos_processes import ChaosProcesses, started_processes
from tests.promises.checks import check_count, of_thread, verify_errors, whole_log
from tests.promises.persistent_clients import PersistentClients
from tests.promises.receiver_ledger import Ledger, facts_of
from tests.promises.shared_batch import database_of

SEED = int(os.environ.get("SEED", "1"))
KILLS = int(os.environ.get("KILLS", "20"))  # `make chaos` takes fifty
THREADS, CLIENTS, OPERATIONS = 20, 6, 4
ARRIVES_WITHIN, ENDS_WITHIN = 40, 90  # seconds; the lease of a dead worker ends after twenty


class Log(msgspec.Struct):
    """A page of the log; the events' data is not decoded."""

    events: list[EventOut]
    head: int


@pytest.mark.slow
async def test_kills_lose_nothing_and_alter_nothing(own_site: ASite, fresh_database_url: str, tmp_path: Path) -> None:
    began, random = time.monotonic(), Random(SEED)  # noqa: S311  # a reproducible chaos
    print(f"SEED={SEED}")
    ledger = Ledger(tmp_path / "ledger.db")
    async with started_processes(fresh_database_url, tmp_path / "ledger.db", random) as processes:
        endpoint = await create_endpoint(own_site, processes)
        threads = [await a_thread(own_site) for _ in range(THREADS)]
        clients = PersistentClients(processes, threads, random)
        await kill(processes, clients, ledger, random)
        await processes.stop_killing()
        redelivered = await wait_until_delivered(own_site, endpoint)
    log = await whole_log(own_site)
    await check_deliveries(own_site, ledger, log)
    await check_receiver_state(own_site, ledger, threads, log)
    check_acknowledged(clients, log)
    assert await verify_errors(own_site.app) == []
    print(
        f"\n{dict(processes.ends)}; {len(log)} events, {ledger.received} received, "
        f"{ledger.received - len(log)} of them twice, "
        f"{redelivered} failed and redelivered, {len(clients.posts)} posts, {time.monotonic() - began:.0f} s"
    )
    ledger.close()
    assert not processes.complaints, "\n\n".join(map(str, processes.complaints))


async def create_endpoint(site: ASite, processes: ChaosProcesses) -> str:
    """Create an endpoint for all events from now on; return its id."""
    body = {"url": f"http://127.0.0.1:{processes.port}/", "secret": processes.secret}
    response = await site.call("POST", "/endpoints", by="admin", json=body)
    assert response.status_code == 201, response.text
    endpoint: str = response.json()["endpoint"]["id"]
    return endpoint


async def kill(processes: ChaosProcesses, clients: PersistentClients, ledger: Ledger, random: Random) -> None:
    """Kill one process after another while clients write and events are delivered."""
    while processes.kills < KILLS:
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(clients.do(OPERATIONS))
            await wait_for_message(ledger)
            await asyncio.sleep(random.uniform(0, 0.3))
            await processes.kill_or_stop_one()


async def wait_for_message(ledger: Ledger) -> None:
    """Wait until the receiver gets another message."""
    received = ledger.received
    async with asyncio.timeout(ARRIVES_WITHIN):
        while ledger.received == received:  # noqa: ASYNC110  # another process writes the ledger
            await asyncio.sleep(0.01)


async def wait_until_delivered(site: ASite, endpoint: str) -> int:
    """Wait until no delivery is pending; redeliver the failed ones, and return their number."""
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


async def check_deliveries(site: ASite, ledger: Ledger, log: list[Json]) -> None:
    """Check that every event of the log arrived, signed and byte for byte, unless its text was withheld later."""
    expected: dict[str, bytes] = {}
    while len(expected) < len(log):
        page = await site.call("GET", f"/events?after={len(expected)}&limit=1000", by="host")
        events = msgspec.json.decode(page.content, type=Log).events
        expected |= {str(event.id): webhook_body(site.slug, event) for event in events}
    assert ledger.complaints == []
    bodies = ledger.bodies
    assert bodies.keys() == expected.keys()
    for message_id, body in expected.items():
        if b'"text_withheld":"' in body:
            assert facts_of(bodies[message_id]) == facts_of(body)
        else:
            assert bodies[message_id] == body


async def check_receiver_state(site: ASite, ledger: Ledger, threads: list[AThread], log: list[Json]) -> None:
    """Check that the receiver has the counts, labels and states of the database."""
    assert ledger.threads == {thread.article: await thread.read(by="host") for thread in threads}
    async with database_of(site).read() as connection:
        states = {str(row.id): row.state for row in await connection.execute(select(CommentRow.id, CommentRow.state))}
    assert ledger.states == states
    for thread in threads:
        posted = {
            event["data"]["comment"]["id"] for event in of_thread(log, thread.article) if "comment" in event["data"]
        }
        await check_count(thread, {each for each in posted if ledger.states[each] == "published"}, by="host")


def check_acknowledged(clients: PersistentClients, log: list[Json]) -> None:
    """Check that every acknowledged post, close, reopening, title and decision is in the log."""
    threads = {(event["data"]["thread"]["article"], event["sequence"]): event["data"]["thread"] for event in log}
    for thread in clients.threads:
        assert threads[thread["article"], thread["sequence"]] == thread
    comments = [event["data"]["comment"] for event in log if "comment" in event["data"]]
    assert {each["comment"]["id"] for each in clients.posts.values()} <= {each["id"] for each in comments}
    states = {(each["id"], each["revision"]): each["state"] for each in comments}
    assert clients.decided.items() <= states.items()
