"""The webhook worker: claim due deliveries, send them and record the results.

A poll is at most one write transaction. It records the attempts since the last poll and claims new deliveries while
there is capacity. Any number of processes can run a worker.

*Why* poll (``poll_pause.py``): PostgreSQL's NOTIFY takes one lock at commit, and every commit of a post would wait for
it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_clients import read_routes
from service.integrations.endpoints.endpoint_concurrency import Delivery, EndpointQueue
from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.integrations.endpoints.fan_out import Work, fan_out, find_work, lock_endpoints
from service.integrations.endpoints.leases import (
    RENEW_INTERVAL,
    claim_due,
    endpoints_held_by,
    expired_workers,
    has_lease,
    lock_endpoints_by_id,
    release_deliveries,
    release_expired_worker,
    release_worker,
    renew_lease,
)
from service.integrations.endpoints.poll_pause import PollPause
from service.integrations.endpoints.record_attempts import (
    FinishedAttempt,
    RecordedAttempts,
    count_attempts,
    record_attempts,
)
from service.integrations.endpoints.send_attempt import AttemptResult, AttemptSender
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.outbound.safe_client import Targets
from service.platform.problems import Busy
from service.platform.storage.engine import Database

MAX_HELD = 5_000
RECORD_BATCH = CLAIM_BATCH = 256
REFRESH_INTERVAL = timedelta(seconds=1)
FAILURE_PAUSE_SECONDS = 0.5

log = structlog.get_logger("onereply.webhooks")


class Deliverer:
    """Delivers the events of every site in a database; ``schedule`` has the delays between attempts."""

    def __init__(
        self, database: Database, *, secrets: EndpointSecrets, targets: Targets, schedule: Sequence[timedelta]
    ) -> None:
        self._database, self._secrets, self._targets, self._schedule = database, secrets, targets, schedule
        self._id, self._renewed_at = clock.new_id(), clock.now() - RENEW_INTERVAL
        self._refreshed_at = clock.now() - REFRESH_INTERVAL
        self._queues: dict[UUID, EndpointQueue] = {}
        self._unrecorded: list[FinishedAttempt] = []
        self._pause = PollPause()
        # Closed during a write, so that sending does not prolong the transaction that others wait for.
        self._gate = asyncio.Event()
        self._gate.set()
        self.polled_at, self._is_postponed = time.monotonic(), False  # when a poll last succeeded

    async def deliver_forever(self) -> None:
        """Poll until cancelled; a failed poll is logged and the next one repeats its work."""
        async with self._database.hearing_writes(self._pause.hear_write):
            await self._poll_forever()

    async def _poll_forever(self) -> NoReturn:
        while True:
            more = False
            try:
                more = await self.poll()
                self.polled_at, self._is_postponed = time.monotonic(), False
            except Busy as error:  # logged once, until a poll succeeds
                if not self._is_postponed:
                    log.info("delivery-postponed", reason=str(error))
                self._is_postponed = True
                await self._renew_worker_id()
            except Exception as error:  # one failure must not stop the worker
                log.error("delivery-loop-failed", exc_info=error)
                await self._renew_worker_id()
            await self._pause.wait(at_once=more)

    async def _renew_worker_id(self) -> None:
        """Take a new worker id; unrecorded deliveries are free once the lease of the old id expires."""
        self._id = clock.new_id()
        self._renewed_at -= RENEW_INTERVAL
        await asyncio.sleep(FAILURE_PAUSE_SECONDS)

    async def poll(self) -> bool:
        """Record attempts, claim deliveries and send them; return whether there is more work now."""
        refreshes = abs(clock.now() - self._refreshed_at) >= REFRESH_INTERVAL
        async with self._database.read() as connection:
            work = await find_work(connection, now=clock.now())
            await self._refresh_queues(connection, work, all_of_them=refreshes)
            expired = {*await expired_workers(connection, now=clock.now())} - {self._id} if refreshes else set()
        for each in sorted(expired):
            async with self._database.write() as connection:
                await release_expired_worker(connection, each, now=clock.now())
        capacities = self._capacities(work)
        surplus = [delivery for queue in self._queues.values() for delivery in queue.surplus()]
        finished = self._unrecorded[:RECORD_BATCH]
        holds_any = bool(capacities) or any(queue.held for queue in self._queues.values())
        self._pause.count_poll(is_quiet=not (holds_any or finished))
        renews = holds_any and abs(clock.now() - self._renewed_at) >= RENEW_INTERVAL
        if not (capacities or surplus or finished or renews):
            self._pause.has_backlog = False
            return bool(expired)
        self._gate.clear()
        try:
            async with self._database.write() as connection:
                recorded, claimed = await self._write(connection, finished, surplus, capacities, renews=renews)
        finally:
            self._gate.set()
        self._pause.has_backlog = self._database.dialect == "sqlite" and len(claimed) > CLAIM_BATCH // 2
        self._renewed_at = clock.now() if renews else self._renewed_at
        self._send_claimed(recorded, finished, claimed)
        # More events may follow those without a subscriber, and the deliveries of expired workers are free now.
        return bool(expired or (capacities and not claimed))

    async def _write(
        self,
        connection: AsyncConnection,
        finished: Sequence[FinishedAttempt],
        surplus: Sequence[Delivery],
        capacities: dict[UUID, tuple[Work, int]],
        *,
        renews: bool,
    ) -> tuple[RecordedAttempts, list[Delivery]]:
        """In one transaction, record attempts, release the surplus, renew the lease and claim deliveries."""
        affected = [*surplus, *(delivery for delivery, _ in finished)]
        await lock_endpoints_by_id(connection, (each.endpoint_id for each in affected))
        recorded = await record_attempts(connection, finished, self._schedule)
        await release_deliveries(connection, surplus, now=clock.now())
        if renews or (capacities and not await has_lease(connection, self._id)):
            await renew_lease(connection, self._id, now=clock.now())
        claimed = await self._claim(connection, capacities)
        await append_events(connection, recorded.events)
        return recorded, claimed

    async def _refresh_queues(self, connection: AsyncConnection, work: Sequence[Work], *, all_of_them: bool) -> None:
        """Keep a queue with a current route for each endpoint with work; close idle queues with ``all_of_them``."""
        now = clock.now()
        if all_of_them:
            self._refreshed_at = now
            await self._close_idle()
        outdated = []
        for each in work:
            if each.endpoint_id not in self._queues:
                self._queues[each.endpoint_id] = EndpointQueue(
                    AttemptSender(self._targets), self._on_result, self._gate
                )
            route = self._queues[each.endpoint_id].route
            if route is None or not route.is_current(each.revision, now):
                outdated.append(each.endpoint_id)
        if all_of_them:
            outdated = list(self._queues)
        routes = await read_routes(connection, self._secrets, outdated, now=now)
        for endpoint_id in outdated:
            self._queues[endpoint_id].route = routes.get(endpoint_id)

    async def _close_idle(self) -> None:
        idle = [endpoint_id for endpoint_id, queue in self._queues.items() if queue.is_idle]
        for endpoint_id in idle:
            await self._queues.pop(endpoint_id).finish(within_seconds=0)

    def _capacities(self, work: Sequence[Work]) -> dict[UUID, tuple[Work, int]]:
        """Return how many deliveries to claim for each endpoint, the least busy endpoint first."""
        held = len(self._unrecorded) + sum(queue.held for queue in self._queues.values())
        remaining, spare, now = CLAIM_BATCH, MAX_HELD - held, clock.now()
        capacities = {}
        for each in sorted(work, key=lambda each: self._queues[each.endpoint_id].held):
            queue = self._queues[each.endpoint_id]
            # An endpoint without deliveries always gets one, however many the slow endpoints hold.
            capacity = min(remaining, queue.capacity(), max(spare, 0 if queue.held else 1))
            if each.retry_at is None or each.retry_at > now:
                capacity = min(capacity, each.head - each.position)
            if capacity > 0:
                capacities[each.endpoint_id] = each, capacity
                remaining, spare = remaining - capacity, spare - capacity
        return capacities

    async def _claim(self, connection: AsyncConnection, capacities: dict[UUID, tuple[Work, int]]) -> list[Delivery]:
        """Claim due retries first, then new events with the remaining capacity."""
        locked = await lock_endpoints(connection, {each.endpoint_id: each for each, _ in capacities.values()})
        order = {endpoint_id: number for number, endpoint_id in enumerate(capacities)}
        with_capacity = [
            (each, capacities[each.endpoint_id][1])
            for each in sorted(locked.values(), key=lambda each: order[each.endpoint_id])
        ]
        now = clock.now()
        due = await claim_due(connection, with_capacity, worker_id=self._id, now=now)
        claimed = Counter(delivery.endpoint_id for delivery in due)
        remaining = [(each, capacity - claimed[each.endpoint_id]) for each, capacity in with_capacity]
        return due + await fan_out(connection, remaining, worker_id=self._id, now=now)

    def _send_claimed(
        self, recorded: RecordedAttempts, finished: Sequence[FinishedAttempt], claimed: Sequence[Delivery]
    ) -> None:
        """After the commit: discard the recorded attempts and send the claimed deliveries."""
        del self._unrecorded[: len(finished)]
        count_attempts(finished)
        for endpoint_id in recorded.disabled:
            self._queues[endpoint_id].route = None
        for delivery in claimed:
            self._queues[delivery.endpoint_id].add(delivery)

    def _on_result(self, delivery: Delivery, result: AttemptResult) -> None:
        """Queue an attempt for recording; wake the worker if the endpoint's queue runs low."""
        self._unrecorded.append((delivery, result))
        if self._queues[delivery.endpoint_id].runs_low or len(self._unrecorded) >= RECORD_BATCH:
            self._pause.wake()

    async def stop(self, *, within_seconds: float) -> None:
        """Wait for running requests, record them and release the other deliveries."""
        queues = self._queues.values()
        await asyncio.gather(*(queue.finish(within_seconds=within_seconds) for queue in queues))
        async with self._database.write() as connection:
            # Lock all endpoints at once: two workers that stop together may hold attempts for each other's endpoints.
            affected = await endpoints_held_by(connection, self._id)
            await lock_endpoints_by_id(connection, [*affected, *(each.endpoint_id for each, _ in self._unrecorded)])
            recorded = await record_attempts(connection, self._unrecorded, self._schedule)
            await release_worker(connection, self._id, now=clock.now())
            await append_events(connection, recorded.events)
        count_attempts(self._unrecorded)
