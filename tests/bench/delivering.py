"""How fast webhooks go out, how soon, and what a backlog and dead endpoints cost those who have no part in it.

``python -m tests.bench.delivering`` measures this alone; ``make bench`` ends with it. What is sent is what the
registering of an article tells; each is committed by itself where how soon it comes is measured.
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
from service.integrations.endpoints.endpoint_store import add_endpoint, change_endpoint
from service.integrations.endpoints.model import DeliveryRow, EndpointRow
from service.integrations.endpoints.payload import body_of
from service.integrations.endpoints.send_attempt import AttemptSender
from service.platform import clock
from service.platform.events.model import EventRow
from service.platform.events.read_log import head_position, read_events
from service.platform.outbound.safe_client import Targets
from service.platform.outbound.webhook_signatures import Signer, make_secret
from service.platform.sites.edit_site import add_site
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_settings import PRESETS
from service.platform.storage.engine import Database
from tests.bench.a_service import ORIGIN, QUICK, SECRET_KEY, databases, delivering, fill, resident, serving
from tests.bench.listener import LISTENER, Heard, forget, heard, listening
from tests.bench.load import Asked, need_wrk, rate

MESSAGES = 6_000 if QUICK else 10_000
BACKLOG = 100_000 if QUICK else 1_000_000
SECONDS = 5 if QUICK else 20
PAIRS = 1 if QUICK else 3
AT_ONCE = 10
TITLE = "Moscow conference calls for global counterterrorism dialogue"
POSTS = Asked("posts", "/v1/sites/bench/threads/hot/comments", spread="no")
_numbers = count()


def told(name: str, url: str) -> list[str]:
    """Four lines, of a database that :func:`fill` has filled."""
    with listening():
        lines = [how_fast(url), how_soon(url), beside_the_dead(url), beside_a_backlog(url)]
    return [f"{name}, {line}." for line in lines]


def how_fast(url: str) -> str:
    """A worker that has much to deliver to one endpoint, and the same client in a bare loop, in turn."""
    with delivering(url):
        rounds = [(uvloop.run(_deliver_all(url)), uvloop.run(_post_all(url))) for _ in range(PAIRS)]
    ratio = median(one / bare for one, bare in rounds)
    worker, bare = (median(column) for column in zip(*rounds, strict=True))
    return f"one worker delivers {worker:,.0f}/s, the same client in a bare loop {bare:,.0f}/s: {ratio:.2f}"


async def _deliver_all(url: str) -> float:
    """Deliveries a second, from the first that arrives to the last."""
    database = Database(url)
    forget()
    site, [endpoint] = await _listening_site(database, "/")
    async with database.write() as connection:
        await change_endpoint(connection, site, endpoint, {"state": "paused"})
    await _happen(database, site, MESSAGES)
    async with database.write() as connection:
        await change_endpoint(connection, site, endpoint, {"state": "active"})
    told = await _heard(MESSAGES)
    await _be_quiet(database)
    return told.count / told.seconds


async def _post_all(url: str) -> float:
    """Messages a second that the client posts, each signed, as many at once as a worker does to one endpoint."""
    database = Database(url)
    site, _ = await _listening_site(database)
    await _happen(database, site, MESSAGES)
    async with database.read() as connection:
        events = await read_events(connection, site.id, after=0, limit=MESSAGES)
    await database.close()
    messages = iter([(str(event.id), body_of(site.slug, event)) for event in events])
    sender, signer = AttemptSender(Targets(allow_private=True)), Signer(make_secret())

    async def post() -> None:
        for message_id, body in messages:
            answer = await sender.send(LISTENER, body, signer.headers(message_id, clock.now(), body))
            assert answer.status == 204

    began = time.perf_counter()
    await asyncio.gather(*(post() for _ in range(AT_ONCE)))
    seconds = time.perf_counter() - began
    await sender.close()
    return MESSAGES / seconds


def how_soon(url: str) -> str:
    """From before the commit to the receipt, at a hundred events a second."""
    with delivering(url):
        told = uvloop.run(_tell_steadily(url, sites=1, paths=["/"]))
    return (
        f"100 events a second arrive after {told.p50 * 1000:.0f} ms, 99 in 100 after {told.p99 * 1000:.0f} ms at most"
    )


def beside_the_dead(url: str) -> str:
    """A thousand endpoints of a hundred sites with an event a second each; one in ten of them hangs."""
    with delivering(url) as process:
        told = uvloop.run(_tell_steadily(url, sites=100, paths=["/hang", *(f"/{number}" for number in range(9))]))
        held = resident(process.pid)
    return (
        f"beside 100 endpoints that hang, 900 are told of an event a second after {told.p50 * 1000:.0f} ms, 99 in 100 "
        f"after {told.p99 * 1000:.0f} ms at most; the worker holds {held:.0f} MB"
    )


async def _tell_steadily(url: str, *, sites: int, paths: list[str]) -> Heard:
    """What is heard of a hundred events a second, each of the next site, whose endpoints are at ``paths``."""
    database = Database(url)
    listening = [(await _listening_site(database, *paths))[0] for _ in range(sites)]
    forget()
    for site in listening:  # so that the worker has started and connected
        await _happen(database, site, 1)
    await _heard(sites * len([path for path in paths if path != "/hang"]))
    forget()
    began, events = time.perf_counter(), 100 * SECONDS
    for number in range(events):
        await asyncio.sleep(max(0, began + number / 100 - time.perf_counter()))
        await _happen(database, listening[number % sites], 1)
    told = await _heard(events * len([path for path in paths if path != "/hang"]))
    await _be_quiet(database)
    return told


def beside_a_backlog(url: str) -> str:
    """Posts while a worker goes through a backlog of many deliveries, and posts without, in turn."""
    uvloop.run(_pile_up(url))
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
    uvloop.run(_be_quiet(Database(url)))
    alone, beside, ratio = (median(column) for column in zip(*rounds, strict=True))
    return (
        f"beside a backlog of {BACKLOG:,} deliveries {beside:,.0f} posts/s, without {alone:,.0f}: {ratio:.2f}; "
        f"the worker holds {held[0]:.0f} MB at first, {held[-1]:.0f} at the end"
    )


async def _pile_up(url: str) -> None:
    """Ten endpoints, each with a tenth of the backlog to be tried again at once."""
    database = Database(url)
    site, endpoints = await _listening_site(database, *(f"/{number}" for number in range(BACKLOG // 10_000)))
    await _happen(database, site, 10_000)
    now = clock.now()
    state, nothing = literal("waiting"), literal(0)
    async with database.write() as connection:
        for endpoint in endpoints:
            values = select(literal(endpoint), EventRow.position, state, literal(now), nothing, nothing, literal(now))
            columns = ["endpoint_id", "position", "state", "due_at", "tries", "attempts", "created_at"]
            of_site = values.where(EventRow.site_id == site.id)
            await connection.execute(insert(DeliveryRow).from_select(columns, of_site))
        head = await head_position(connection, site.id)
        await connection.execute(
            update(EndpointRow).where(EndpointRow.site_id == site.id).values(position=head, retry_at=now)
        )
    await database.close()


async def _listening_site(database: Database, *paths: str) -> tuple[Site, list[UUID]]:
    """A new site and its endpoints at the listener's ``paths``."""
    async with database.write() as connection:
        slug = f"telling-{next(_numbers)}-{int(time.time())}"
        site = await add_site(connection, slug, name=slug, locale="en", settings=PRESETS["open"])
        return site, [await _listen(connection, site, path) for path in paths]


async def _listen(connection: AsyncConnection, site: Site, path: str) -> UUID:
    endpoint = await add_endpoint(
        connection,
        site,
        url=LISTENER + path,
        types="*",
        description=None,
        secret=make_secret(),
        secrets=EndpointSecrets(SECRET_KEY),
    )
    return endpoint.id


async def _happen(database: Database, site: Site, events: int) -> None:
    """Commit ``events`` events of ``site``, all at once."""
    async with database.write() as connection:
        for _ in range(events):
            article = str(next(_numbers))
            await register_thread(connection, site, article, {"title": TITLE, "url": f"https://x.example/{article}"})


async def _heard(messages: int) -> Heard:
    """What was heard once all ``messages`` were, or after a minute."""
    for _ in range(600):
        await asyncio.sleep(0.1)
        if (told := heard()).count >= messages:
            break
    return told


async def _be_quiet(database: Database) -> None:
    """Have no endpoint listen any more."""
    async with database.write() as connection:
        await connection.execute(update(EndpointRow).values(state="removed"))
    await database.close()


def main() -> None:
    """Measure both databases."""
    need_wrk()
    with databases() as urls:
        for name, url in urls.items():
            asyncio.run(fill(url))
            print("\n".join(told(name, url)), flush=True)


if __name__ == "__main__":
    main()
