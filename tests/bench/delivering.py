"""Webhook deliveries: throughput, latency, and the effect of a backlog and of hanging endpoints on others.

``python -m tests.bench.delivering`` measures only this; ``make bench`` ends with it. The events are those of registered
articles; for latency, each is committed separately.
"""

import asyncio
import time
from itertools import count
from statistics import median
from uuid import UUID

import uvloop
from sqlalchemy import insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.register_article import register_thread
from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.integrations.endpoints.endpoint_store import add_endpoint, update_endpoint
from service.integrations.endpoints.model import DeliveryRow, EndpointRow
from service.integrations.endpoints.payload import webhook_body
from service.integrations.endpoints.send_attempt import AttemptSender
from service.integrations.event_log.event_texts import add_texts
from service.platform import clock
from service.platform.events.model import EventRow
from service.platform.events.read_log import head_position, read_events
from service.platform.events.record_decisions import OPERATOR
from service.platform.outbound.safe_client import Targets
from service.platform.outbound.webhook_signatures import Signer, make_secret
from service.platform.sites.edit_site import add_site
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_settings import PRESETS
from service.platform.storage.engine import Database
from tests.bench.a_service import ORIGIN, QUICK, SECRET_KEY, databases, delivering, fill, resident, serving
from tests.bench.listener import LISTENER, Received, listening, read_results, reset
from tests.bench.load import Subject, need_wrk, rate

MESSAGES = 6_000 if QUICK else 10_000
BACKLOG = 100_000 if QUICK else 1_000_000
SECONDS = 5 if QUICK else 20
PAIRS = 1 if QUICK else 3
MAX_CONCURRENT = 10
TITLE = "Moscow conference calls for global counterterrorism dialogue"
POSTS = Subject("posts", "/v1/sites/bench/threads/hot/comments", spread="no")
_numbers = count()


def report(name: str, url: str) -> list[str]:
    """Four lines for a database that :func:`fill` has filled."""
    with listening():
        lines = [throughput(url), latency(url), beside_hanging_endpoints(url), beside_a_backlog(url)]
    return [f"{name}, {line}." for line in lines]


def throughput(url: str) -> str:
    """Throughput to one endpoint: a worker, and the same client in a bare loop, alternately."""
    with delivering(url):
        rounds = [(uvloop.run(_deliver_all(url)), uvloop.run(_post_all(url))) for _ in range(PAIRS)]
    ratio = median(one / bare for one, bare in rounds)
    worker, bare = (median(column) for column in zip(*rounds, strict=True))
    return f"one worker delivers {worker:,.0f}/s, the same client in a bare loop {bare:,.0f}/s: {ratio:.2f}"


async def _deliver_all(url: str) -> float:
    """Deliveries per second, from the first one received to the last."""
    database = Database(url)
    reset()
    site, [endpoint] = await _listening_site(database, "/")
    async with database.write() as connection:
        await update_endpoint(connection, site, endpoint, {"state": "paused"}, by=OPERATOR)
    await _commit_events(database, site, MESSAGES)
    async with database.write() as connection:
        await update_endpoint(connection, site, endpoint, {"state": "active"}, by=OPERATOR)
    report = await _wait_until_received(MESSAGES)
    await _remove_endpoints(database)
    return report.count / report.seconds


async def _post_all(url: str) -> float:
    """Signed messages per second that the client posts, with a worker's concurrency per endpoint."""
    database = Database(url)
    site, _ = await _listening_site(database)
    await _commit_events(database, site, MESSAGES)
    async with database.read() as connection:
        logged = await read_events(connection, site.id, after=0, limit=MESSAGES)
        events = await add_texts(connection, logged)
    await database.close()
    messages = iter([(str(event.id), webhook_body(site.slug, event)) for event in events])
    sender, signer = AttemptSender(Targets(allow_private=True)), Signer(make_secret())

    async def post() -> None:
        for message_id, body in messages:
            answer = await sender.send(LISTENER, body, signer.headers(message_id, clock.now(), body))
            assert answer.status == 204

    began = time.perf_counter()
    await asyncio.gather(*(post() for _ in range(MAX_CONCURRENT)))
    seconds = time.perf_counter() - began
    await sender.close()
    return MESSAGES / seconds


def latency(url: str) -> str:
    """Latency from before the commit to the receipt, at 100 events/s."""
    with delivering(url):
        report = uvloop.run(_deliver_steadily(url, sites=1, paths=["/"]))
    return f"100 events/s: p50 latency {report.p50 * 1000:.0f} ms, p99 latency {report.p99 * 1000:.0f} ms"


def beside_hanging_endpoints(url: str) -> str:
    """A hundred sites with ten endpoints and one event/s each; one endpoint in ten hangs."""
    with delivering(url) as process:
        report = uvloop.run(_deliver_steadily(url, sites=100, paths=["/hang", *(f"/{number}" for number in range(9))]))
        held = resident(process.pid)
    return (
        f"900 endpoints with an event/s beside 100 that hang: p50 latency {report.p50 * 1000:.0f} ms, p99 latency "
        f"{report.p99 * 1000:.0f} ms; the worker uses {held:.0f} MB"
    )


async def _deliver_steadily(url: str, *, sites: int, paths: list[str]) -> Received:
    """Commit 100 events/s at ``sites`` in turn, with endpoints at ``paths``; return the results."""
    database = Database(url)
    listening = [(await _listening_site(database, *paths))[0] for _ in range(sites)]
    reset()
    for site in listening:  # so that the worker is connected
        await _commit_events(database, site, 1)
    await _wait_until_received(sites * len([path for path in paths if path != "/hang"]))
    reset()
    began, events = time.perf_counter(), 100 * SECONDS
    for number in range(events):
        await asyncio.sleep(max(0, began + number / 100 - time.perf_counter()))
        await _commit_events(database, listening[number % sites], 1)
    report = await _wait_until_received(events * len([path for path in paths if path != "/hang"]))
    await _remove_endpoints(database)
    return report


def beside_a_backlog(url: str) -> str:
    """Posts with and without a worker that delivers a large backlog, alternately."""
    uvloop.run(_create_backlog(url))
    rounds, held = [], []
    with serving(url, ONEREPLY_WEBHOOKS_IN_SERVE="false"):
        rate(POSTS, ORIGIN, 1)
        for _ in range(PAIRS):
            alone = rate(POSTS, ORIGIN, SECONDS)
            with delivering(url) as process:
                time.sleep(2)
                held.append(resident(process.pid))
                beside = rate(POSTS, ORIGIN, SECONDS)
                held.append(resident(process.pid))
            rounds.append((alone, beside, beside / alone))
    uvloop.run(_remove_endpoints(Database(url)))
    alone, beside, ratio = (median(column) for column in zip(*rounds, strict=True))
    return (
        f"{beside:,.0f} posts/s beside a backlog of {BACKLOG:,} deliveries, {alone:,.0f} without: {ratio:.2f}; "
        f"the worker uses {held[0]:.0f} MB at first, {held[-1]:.0f} at the end"
    )


async def _create_backlog(url: str) -> None:
    """Create endpoints that share the backlog; all deliveries are due."""
    database = Database(url)
    site, endpoints = await _listening_site(database, *(f"/{number}" for number in range(BACKLOG // 10_000)))
    await _commit_events(database, site, 10_000)
    now = clock.now()
    state, nothing = literal("waiting"), literal(0)
    async with database.write() as connection:
        for endpoint in endpoints:
            values = select(literal(endpoint), EventRow.position, state, literal(now), nothing, nothing, literal(now))
            columns = ["endpoint_id", "position", "state", "due_at", "schedule_step", "attempts", "created_at"]
            of_site = values.where(EventRow.site_id == site.id)
            await connection.execute(insert(DeliveryRow).from_select(columns, of_site))
        head = await head_position(connection, site.id)
        await connection.execute(
            update(EndpointRow).where(EndpointRow.site_id == site.id).values(position=head, retry_at=now)
        )
    await database.close()


async def _listening_site(database: Database, *paths: str) -> tuple[Site, list[UUID]]:
    """Add a site and its endpoints at the listener's ``paths``."""
    async with database.write() as connection:
        slug = f"receiving-{next(_numbers)}-{int(time.time())}"
        site = await add_site(connection, slug, name=slug, locale="en", settings=PRESETS["open"])
        return site, [await _listen(connection, site, path) for path in paths]


async def _listen(connection: AsyncConnection, site: Site, path: str) -> UUID:
    endpoint = await add_endpoint(
        connection,
        site,
        url=LISTENER + path,
        types="*",
        description=None,
        svix_headers=False,
        held_text=False,
        secret=make_secret(),
        secrets=EndpointSecrets(SECRET_KEY),
        by=OPERATOR,
    )
    return endpoint.id


async def _commit_events(database: Database, site: Site, events: int) -> None:
    """Commit ``events`` events of ``site`` in one transaction."""
    async with database.write() as connection:
        for _ in range(events):
            article = str(next(_numbers))
            await register_thread(connection, site, article, {"title": TITLE, "url": f"https://x.example/{article}"})


async def _wait_until_received(messages: int) -> Received:
    """Wait until all ``messages`` are received, for at most a minute; return the results."""
    for _ in range(600):
        await asyncio.sleep(0.1)
        if (report := read_results()).count >= messages:
            break
    return report


async def _remove_endpoints(database: Database) -> None:
    """Remove all endpoints."""
    async with database.write() as connection:
        await connection.execute(update(EndpointRow).values(state="removed"))
    await database.close()


def main() -> None:
    """Measure both databases."""
    need_wrk()
    with databases() as urls:
        for name, url in urls.items():
            asyncio.run(fill(url))
            print("\n".join(report(name, url)), flush=True)


if __name__ == "__main__":
    main()
