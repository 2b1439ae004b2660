"""Helpers for webhook tests: endpoints, and workers that poll when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from service.integrations.endpoints.deliverer import Deliverer
from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.integrations.endpoints.endpoint_concurrency import EndpointQueue
from service.platform.outbound.retry_schedule import DEFAULT_DELAYS, parse_delays
from service.platform.storage.engine import Database
from tests.builders import ASite, Json

SCHEDULE = parse_delays(DEFAULT_DELAYS)


async def an_endpoint(site: ASite, url: str, **fields: Any) -> tuple[str, str]:
    """The id and the secret of a new endpoint."""
    response = await site.call("POST", "/endpoints", by="admin", json={"url": url, **fields})
    assert response.status_code == 201, response.text
    made = response.json()
    return made["endpoint"]["id"], made["secret"]


async def endpoint_of(site: ASite, endpoint: str) -> Json:
    """The endpoint's current state."""
    response = await site.call("GET", f"/endpoints/{endpoint}", by="admin")
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


async def deliveries_of(site: ASite, endpoint: str, **query: Any) -> list[Json]:
    """The deliveries to an endpoint, the oldest first."""
    response = await site.call("GET", f"/endpoints/{endpoint}/deliveries", by="admin", params={"limit": 200, **query})
    assert response.status_code == 200, response.text
    found: list[Json] = response.json()["deliveries"]
    return found[::-1]


async def attempts_of(site: ASite, endpoint: str, position: int) -> list[Json]:
    """The attempts of a delivery, the first of them first."""
    response = await site.call("GET", f"/endpoints/{endpoint}/deliveries/{position}", by="admin")
    assert response.status_code == 200, response.text
    found: list[Json] = response.json()["attempts"]
    return found[::-1]


async def change(site: ASite, endpoint: str, **changes: Any) -> None:
    response = await site.call("PATCH", f"/endpoints/{endpoint}", by="admin", json=changes)
    assert response.status_code == 200, response.text


class AWorker:
    """A worker on the app's database that polls only when a test says so."""

    def __init__(self, site: ASite, *, schedule: list[timedelta] | None = None) -> None:
        database: Database = site.app.state.database
        webhooks: EndpointClients = site.app.state.endpoint_clients
        self.deliverer = Deliverer(
            database,
            secrets=webhooks.secrets,
            targets=webhooks.targets,
            schedule=SCHEDULE if schedule is None else schedule,
        )

    @property
    def queues(self) -> list[EndpointQueue]:
        return [*self.deliverer._queues.values()]

    async def work(self) -> None:
        """Poll until every claimed delivery has a result and there is nothing left to claim."""
        for _ in range(500):
            more = await self.deliverer.poll()
            held = sum(queue.held for queue in self.queues)
            if not more and not held and not self.deliverer._unrecorded:
                return
            await self.settle()
        raise AssertionError("The worker comes to no end.")

    async def settle(self) -> None:
        """Wait for the running attempts."""
        running = [task for queue in self.queues for task in queue._running]
        if running:
            await asyncio.wait(running)

    async def until(self, fact: Callable[[], bool]) -> None:
        """Poll until ``fact`` is true."""
        async with asyncio.timeout(20):
            while not fact():
                await self.deliverer.poll()
                await asyncio.sleep(0.001)


async def becomes(fact: Callable[[], Awaitable[bool]]) -> None:
    """Wait until ``fact`` becomes true by itself."""
    async with asyncio.timeout(20):
        while not await fact():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@asynccontextmanager
async def a_worker(site: ASite, **given: Any) -> AsyncIterator[AWorker]:
    """A worker that stops at the end of the block; then the site's endpoints are removed."""
    worker = AWorker(site, **given)
    try:
        yield worker
    finally:
        await worker.deliverer.stop(within_seconds=0)
        listed = (await site.call("GET", "/endpoints?limit=100", by="admin")).json()["endpoints"]
        for each in listed:
            await site.call("DELETE", f"/endpoints/{each['id']}", by="admin")
