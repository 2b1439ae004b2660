"""A worker: it takes what is to be delivered, sends it, and writes down what became of it, turn after turn.

A turn is one transaction at most, for whatever has been answered since the last one and whatever there is room to
send. Any number of processes may do this at once. It looks for work twenty times a second: what PostgreSQL's NOTIFY
would save of that, every commit that posts would pay for, as they pass one lock to notify.
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
from service.integrations.endpoints.processor import Processor
from service.integrations.endpoints.record_attempts import Noted, Tried, count_attempts, note
from service.integrations.endpoints.send_attempt import Answer, AttemptSender
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.outbound.safe_client import Targets
from service.platform.problems import Busy
from service.platform.storage.engine import Database

TURN_SECONDS = 0.05
SHORTEST_TURN_SECONDS = 0.02
# Where it goes through a backlog and more than one turn in ten has to wait, to write or for the processor, others
# always want to: then it leaves the database to them up to so many times as long as it had it itself, so that who posts
# does not notice.
LONGEST_REST, BUSY_FROM, BUSY_AT_MOST, SMOOTHING = 40, 0.1, 0.3, 0.2
MOST_HELD = 5_000
NOTED_AT_ONCE = TAKEN_AT_ONCE = 256
LOOKED_AFTER_EVERY = timedelta(seconds=1)

log = structlog.get_logger("onereply.webhooks")


class Deliverer:
    """Delivers for every site of a database; ``schedule`` has the delays between tries."""

    def __init__(
        self, database: Database, *, secrets: EndpointSecrets, targets: Targets, schedule: Sequence[timedelta]
    ) -> None:
        self._database, self._secrets, self._targets, self._schedule = database, secrets, targets, schedule
        self._id, self._renewed_at = clock.new_id(), clock.now() - RENEWED_EVERY
        self._looked_at = clock.now() - LOOKED_AFTER_EVERY
        self._lanes: dict[UUID, Lane] = {}
        self._tried: list[Tried] = []
        self._woken = asyncio.Event()
        # Shut while it writes, so that others who want to need not wait for its sending.
        self._gate = asyncio.Event()
        self._gate.set()
        self._processor = Processor()
        self._busy, self._rest_seconds = 0.0, 0.0
        self.turned_at, self._is_waiting = time.monotonic(), False  # when a turn last succeeded

    async def deliver_for_ever(self) -> NoReturn:
        """Turn after turn; one that fails is logged, and what it was to do is done by the next."""
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
            except Exception as error:  # one that fails must not be the last one
                log.error("delivering-failed", exc_info=error)
                await self._begin_anew()
            await self._pause(at_once=more)

    async def _begin_anew(self) -> None:
        """Under another id: what was taken and not said so is free once the one before is dead."""
        self._id = clock.new_id()
        self._renewed_at -= RENEWED_EVERY
        await asyncio.sleep(TURN_SECONDS * 10)

    async def _pause(self, *, at_once: bool) -> None:
        """Until the next turn; shorter where there is more to do, or a lane runs low meanwhile."""
        await asyncio.sleep(max(SHORTEST_TURN_SECONDS, self._rest_seconds))
        if at_once or self._rest_seconds > TURN_SECONDS:
            return
        try:
            async with asyncio.timeout(TURN_SECONDS - SHORTEST_TURN_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def turn(self) -> bool:
        """Write down what was answered, take what there is room for, and send it; whether there is more to do now."""
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
            return bool(dead)
        waits = self._database.waits
        self._gate.clear()
        try:
            async with self._database.write() as connection:
                began = time.perf_counter()
                noted, taken = await self._write(connection, tried, surplus, rooms, renews=renews)
        finally:
            self._gate.set()
        is_pushy = len(taken) > TAKEN_AT_ONCE // 2 and (self._database.waits > waits or self._processor.is_short())
        self._rest(is_pushy=is_pushy, held_seconds=time.perf_counter() - began)
        self._renewed_at = clock.now() if renews else self._renewed_at
        self._go_on(noted, tried, taken)
        # There may be more of what was looked through and is of no interest, and what the dead had is free now.
        return bool(dead or (rooms and not taken))

    def _rest(self, *, is_pushy: bool, held_seconds: float) -> None:
        """Say how long others are to have the database before the next turn."""
        self._busy += SMOOTHING * (is_pushy - self._busy)
        share = (self._busy - BUSY_FROM) / (BUSY_AT_MOST - BUSY_FROM)
        self._rest_seconds = LONGEST_REST * min(1, max(0, share)) * held_seconds

    async def _write(
        self,
        connection: AsyncConnection,
        tried: Sequence[Tried],
        surplus: Sequence[Delivery],
        rooms: dict[UUID, tuple[Work, int]],
        *,
        renews: bool,
    ) -> tuple[Noted, list[Delivery]]:
        """What a turn writes down, and what it takes."""
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
        """A lane for each endpoint with something to do, by the route it has now; none for those long idle."""
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
        """How many deliveries to take for whom, those first who have the fewest."""
        held = len(self._tried) + sum(lane.held for lane in self._lanes.values())
        left, spare, now = TAKEN_AT_ONCE, MOST_HELD - held, clock.now()
        rooms = {}
        for each in sorted(work, key=lambda each: self._lanes[each.endpoint_id].held):
            lane = self._lanes[each.endpoint_id]
            # Who has nothing gets one, however many the others that hang hold.
            room = min(left, lane.room(), max(spare, 0 if lane.held else 1))
            if each.retry_at is None or each.retry_at > now:
                room = min(room, each.head - each.position)
            if room > 0:
                rooms[each.endpoint_id] = each, room
                left, spare = left - room, spare - room
        return rooms

    async def _take(self, connection: AsyncConnection, rooms: dict[UUID, tuple[Work, int]]) -> list[Delivery]:
        """Due deliveries first, then new ones in the room that is left."""
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
        """What has been written down holds: forget it, and send what was taken."""
        del self._tried[: len(tried)]
        count_attempts(tried)
        for endpoint_id in noted.disabled:
            self._lanes[endpoint_id].route = None
        for delivery in taken:
            self._lanes[delivery.endpoint_id].add(delivery)

    def _note_answer(self, delivery: Delivery, answer: Answer) -> None:
        """Keep what is to be written down; sooner where the endpoint will have nothing left to do."""
        self._tried.append((delivery, answer))
        if self._lanes[delivery.endpoint_id].runs_low or len(self._tried) >= NOTED_AT_ONCE:
            self._woken.set()

    async def stop(self, *, within_seconds: float) -> None:
        """Let what is being sent end, write it down, and leave the rest to others."""
        lanes = self._lanes.values()
        await asyncio.gather(*(lane.finish(within_seconds=within_seconds) for lane in lanes))
        async with self._database.write() as connection:
            # All at once: another that stops meanwhile may have tried what this one has, and the other way round.
            concerned = await endpoints_of(connection, self._id)
            await lock_in_order(connection, [*concerned, *(each.endpoint_id for each, _ in self._tried)])
            noted = await note(connection, self._tried, self._schedule)
            await bury(connection, self._id, now=clock.now())
            await append_events(connection, noted.events)
        count_attempts(self._tried)
