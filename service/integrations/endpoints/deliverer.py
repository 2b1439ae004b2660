"""The webhook worker: claim due deliveries, send them and record the results.

A turn is at most one write transaction. It records the attempts since the last turn and claims new deliveries while
there is capacity. Any number of processes can run a worker.

*Why* poll 20 times a second: PostgreSQL's NOTIFY takes one lock at commit, and every commit of a post would wait
for it.
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
from service.integrations.endpoints.endpoint_concurrency import Delivery, Lane
from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.integrations.endpoints.fan_out import Work, fan_out, find_work, lock_endpoints
from service.integrations.endpoints.leases import (
    RENEWED_EVERY,
    bury,
    bury_dead,
    dead_workers,
    endpoints_of,
    give_back,
    lives,
    lock_in_order,
    stay_alive,
    take_due,
)
from service.integrations.endpoints.record_attempts import Noted, Tried, count_attempts, note
from service.integrations.endpoints.send_attempt import Answer, AttemptSender
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.outbound.safe_client import Targets
from service.platform.problems import Busy
from service.platform.storage.engine import Database

TURN_SECONDS = 0.05
SHORTEST_TURN_SECONDS = 0.02
# On SQLite a turn holds the lock that every post needs, so the worker pauses after a full turn; this limits it to 1,280
# deliveries/s. Beside a backlog, posts keep 0.91 of their rate with the pause and 0.86 without (14 pairs each on a busy
# machine, standard error 0.03). On PostgreSQL they keep 0.96 without it (24 pairs).
BACKLOG_PAUSE_SECONDS = 0.2
MOST_HELD = 5_000
NOTED_AT_ONCE = TAKEN_AT_ONCE = 256
LOOKED_AFTER_EVERY = timedelta(seconds=1)

log = structlog.get_logger("onereply.webhooks")


class Deliverer:
    """Delivers the events of every site in a database; ``schedule`` has the delays between attempts."""

    def __init__(
        self, database: Database, *, secrets: EndpointSecrets, targets: Targets, schedule: Sequence[timedelta]
    ) -> None:
        self._database, self._secrets, self._targets, self._schedule = database, secrets, targets, schedule
        self._id, self._renewed_at = clock.new_id(), clock.now() - RENEWED_EVERY
        self._looked_at = clock.now() - LOOKED_AFTER_EVERY
        self._lanes: dict[UUID, Lane] = {}
        self._tried: list[Tried] = []
        self._woken = asyncio.Event()
        # Closed during a write, so that sending does not prolong the transaction that others wait for.
        self._gate = asyncio.Event()
        self._gate.set()
        self._gives_way = False  # whether the last turn was full, on SQLite
        self.turned_at, self._is_waiting = time.monotonic(), False  # when a turn last succeeded

    async def deliver_for_ever(self) -> NoReturn:
        """Run turns until cancelled; a failed turn is logged and the next one repeats its work."""
        while True:
            more = False
            try:
                more = await self.turn()
                self.turned_at, self._is_waiting = time.monotonic(), False
            except Busy as error:  # logged once, until a turn succeeds
                if not self._is_waiting:
                    log.info("delivering-waits", reason=str(error))
                self._is_waiting = True
                await self._begin_anew()
            except Exception as error:  # one failure must not stop the worker
                log.error("delivering-failed", exc_info=error)
                await self._begin_anew()
            await self._pause(at_once=more)

    async def _begin_anew(self) -> None:
        """Take a new worker id; unrecorded deliveries are free once the lease of the old id expires."""
        self._id = clock.new_id()
        self._renewed_at -= RENEWED_EVERY
        await asyncio.sleep(TURN_SECONDS * 10)

    async def _pause(self, *, at_once: bool) -> None:
        """Wait for the next turn; less if there is more work or an endpoint's queue runs low, more for a backlog."""
        await asyncio.sleep(BACKLOG_PAUSE_SECONDS if self._gives_way else SHORTEST_TURN_SECONDS)
        if at_once or self._gives_way:
            return
        try:
            async with asyncio.timeout(TURN_SECONDS - SHORTEST_TURN_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def turn(self) -> bool:
        """Record attempts, claim deliveries and send them; return whether there is more work now."""
        async with self._database.read() as connection:
            work = await find_work(connection, now=clock.now())
            await self._look_after_lanes(connection, work)
            dead = {*await dead_workers(connection, now=clock.now())} - {self._id}
        for each in sorted(dead):
            async with self._database.write() as connection:
                await bury_dead(connection, each, now=clock.now())
        rooms = self._rooms(work)
        surplus = [delivery for lane in self._lanes.values() for delivery in lane.surplus()]
        tried = self._tried[:NOTED_AT_ONCE]
        has_any = bool(rooms) or any(lane.held for lane in self._lanes.values())
        renews = has_any and abs(clock.now() - self._renewed_at) >= RENEWED_EVERY
        if not (rooms or surplus or tried or renews):
            self._gives_way = False
            return bool(dead)
        self._gate.clear()
        try:
            async with self._database.write() as connection:
                noted, taken = await self._write(connection, tried, surplus, rooms, renews=renews)
        finally:
            self._gate.set()
        self._gives_way = self._database.dialect == "sqlite" and len(taken) > TAKEN_AT_ONCE // 2
        self._renewed_at = clock.now() if renews else self._renewed_at
        self._go_on(noted, tried, taken)
        # More events may follow those without a subscriber, and the deliveries of dead workers are free now.
        return bool(dead or (rooms and not taken))

    async def _write(
        self,
        connection: AsyncConnection,
        tried: Sequence[Tried],
        surplus: Sequence[Delivery],
        rooms: dict[UUID, tuple[Work, int]],
        *,
        renews: bool,
    ) -> tuple[Noted, list[Delivery]]:
        """Write one turn: record attempts, release surplus, renew the lease and claim deliveries."""
        concerned = [*surplus, *(delivery for delivery, _ in tried)]
        await lock_in_order(connection, (each.endpoint_id for each in concerned))
        noted = await note(connection, tried, self._schedule)
        await give_back(connection, surplus, now=clock.now())
        if renews or (rooms and not await lives(connection, self._id)):
            await stay_alive(connection, self._id, now=clock.now())
        taken = await self._take(connection, rooms)
        await append_events(connection, noted.events)
        return noted, taken

    async def _look_after_lanes(self, connection: AsyncConnection, work: Sequence[Work]) -> None:
        """Keep a lane with a current route for each endpoint with work; close idle lanes."""
        now = clock.now()
        looks_after = abs(now - self._looked_at) >= LOOKED_AFTER_EVERY
        if looks_after:
            self._looked_at = now
            await self._close_idle()
        unknown = []
        for each in work:
            if each.endpoint_id not in self._lanes:
                self._lanes[each.endpoint_id] = Lane(AttemptSender(self._targets), self._note_answer, self._gate)
            route = self._lanes[each.endpoint_id].route
            if route is None or not route.is_of(each.revision, now):
                unknown.append(each.endpoint_id)
        if looks_after:
            unknown = list(self._lanes)
        routes = await read_routes(connection, self._secrets, unknown, now=now)
        for endpoint_id in unknown:
            self._lanes[endpoint_id].route = routes.get(endpoint_id)

    async def _close_idle(self) -> None:
        idle = [endpoint_id for endpoint_id, lane in self._lanes.items() if lane.is_idle]
        for endpoint_id in idle:
            await self._lanes.pop(endpoint_id).finish(within_seconds=0)

    def _rooms(self, work: Sequence[Work]) -> dict[UUID, tuple[Work, int]]:
        """Return how many deliveries to claim for each endpoint, the least busy endpoint first."""
        held = len(self._tried) + sum(lane.held for lane in self._lanes.values())
        left, spare, now = TAKEN_AT_ONCE, MOST_HELD - held, clock.now()
        rooms = {}
        for each in sorted(work, key=lambda each: self._lanes[each.endpoint_id].held):
            lane = self._lanes[each.endpoint_id]
            # An endpoint without deliveries always gets one, however many the slow endpoints hold.
            room = min(left, lane.room(), max(spare, 0 if lane.held else 1))
            if each.retry_at is None or each.retry_at > now:
                room = min(room, each.head - each.position)
            if room > 0:
                rooms[each.endpoint_id] = each, room
                left, spare = left - room, spare - room
        return rooms

    async def _take(self, connection: AsyncConnection, rooms: dict[UUID, tuple[Work, int]]) -> list[Delivery]:
        """Claim due retries first, then new events with the remaining capacity."""
        locked = await lock_endpoints(connection, {each.endpoint_id: each for each, _ in rooms.values()})
        order = {endpoint_id: number for number, endpoint_id in enumerate(rooms)}
        having = [
            (each, rooms[each.endpoint_id][1])
            for each in sorted(locked.values(), key=lambda each: order[each.endpoint_id])
        ]
        now = clock.now()
        due = await take_due(connection, having, worker_id=self._id, now=now)
        taken = Counter(delivery.endpoint_id for delivery in due)
        left = [(each, room - taken[each.endpoint_id]) for each, room in having]
        return due + await fan_out(connection, left, worker_id=self._id, now=now)

    def _go_on(self, noted: Noted, tried: Sequence[Tried], taken: Sequence[Delivery]) -> None:
        """After the commit: discard the recorded attempts and send the claimed deliveries."""
        del self._tried[: len(tried)]
        count_attempts(tried)
        for endpoint_id in noted.disabled:
            self._lanes[endpoint_id].route = None
        for delivery in taken:
            self._lanes[delivery.endpoint_id].add(delivery)

    def _note_answer(self, delivery: Delivery, answer: Answer) -> None:
        """Queue an attempt for recording; wake the worker if the endpoint's queue runs low."""
        self._tried.append((delivery, answer))
        if self._lanes[delivery.endpoint_id].runs_low or len(self._tried) >= NOTED_AT_ONCE:
            self._woken.set()

    async def stop(self, *, within_seconds: float) -> None:
        """Wait for running requests, record them and release the other deliveries."""
        lanes = self._lanes.values()
        await asyncio.gather(*(lane.finish(within_seconds=within_seconds) for lane in lanes))
        async with self._database.write() as connection:
            # Lock all endpoints at once: two workers that stop together may hold attempts for each other's endpoints.
            concerned = await endpoints_of(connection, self._id)
            await lock_in_order(connection, [*concerned, *(each.endpoint_id for each, _ in self._tried)])
            noted = await note(connection, self._tried, self._schedule)
            await bury(connection, self._id, now=clock.now())
            await append_events(connection, noted.events)
        count_attempts(self._tried)
