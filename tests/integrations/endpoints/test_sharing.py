"""Workers share the deliveries, and take over those of a dead worker."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.util import await_only

from service.integrations.endpoints import deliverer
from service.integrations.endpoints import endpoint_concurrency as concurrency
from service.integrations.endpoints.leases import has_lease, lock_endpoints_by_id, release_expired_worker, renew_lease
from service.integrations.endpoints.model import DeliveryRow, WorkerRow
from service.platform import clock
from service.platform.problems import Busy
from service.platform.storage.engine import Database
from tests.builders import ASite, Clock, a_thread
from tests.integrations.endpoints.a_receiver import OK, Received, a_receiver
from tests.integrations.endpoints.deliveries import (
    AWorker,
    a_worker,
    an_endpoint,
    attempts_of,
    becomes,
    change,
    deliveries_of,
    endpoint_of,
)


async def leased(site: ASite) -> int:
    database: Database = site.app.state.database
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).where(DeliveryRow.worker_id.is_not(None))) or 0


async def die(worker: AWorker) -> None:
    """Cancel a worker's attempts and drop their results, as a crash does."""
    for queue in worker.queues:
        for task in queue._running:
            task.cancel()
    await worker.settle()
    worker.deliverer._unrecorded.clear()


async def test_two_workers_deliver_each_event_once(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as one, a_worker(site) as other:
        await an_endpoint(site, host.origin)
        for _ in range(60):
            await a_thread(site)
        await asyncio.gather(one.until(lambda: len(host.received) >= 60), other.until(lambda: len(host.received) >= 60))
        await one.work()
        await other.work()
        assert Counter(each["position"] for each in host.contents) == dict.fromkeys(range(1, 61), 1)


async def test_deliveries_of_a_dead_worker_are_taken_over_when_its_lease_expires(site: ASite, the_clock: Clock) -> None:
    dies = [True]

    def answer(_message: Received) -> object:
        return "hang" if dies[0] else OK

    async with a_receiver(answer) as host, a_worker(site) as dead, a_worker(site) as other:
        endpoint, _ = await an_endpoint(site, host.origin)
        for _ in range(3):
            await a_thread(site)
        await dead.until(lambda: len(host.received) == 3)
        dies[0] = False
        await die(dead)
        the_clock.move(seconds=19)
        await other.work()
        assert (len(host.received), await leased(site)) == (3, 3)
        the_clock.move(seconds=2)
        await other.work()
        assert Counter(each["position"] for each in host.contents) == {1: 2, 2: 2, 3: 2}
        assert [each["state"] for each in await deliveries_of(site, endpoint)] == ["delivered"] * 3


async def test_a_slow_worker_with_an_expired_lease_does_no_harm(site: ASite, the_clock: Clock) -> None:
    """Its lease expires and another worker delivers; then its own attempt succeeds too."""
    answers = ["hang", OK]
    async with a_receiver(lambda _: answers.pop(0)) as host, a_worker(site) as slow, a_worker(site) as other:
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        await slow.until(lambda: len(host.received) == 1)
        the_clock.move(seconds=21)
        await other.until(lambda: len(host.received) == 2)
        await other.work()
        host.released.set()
        await slow.work()
        assert [each["state"] for each in await deliveries_of(site, endpoint)] == ["delivered"]
        assert len(await attempts_of(site, endpoint, 1)) == 2
        assert await leased(site) == 0


async def test_a_worker_that_renews_its_lease_in_time_keeps_its_deliveries(site: ASite, the_clock: Clock) -> None:
    """Even if another worker saw an expired lease a moment before."""
    async with a_receiver(lambda _: "hang") as host, a_worker(site) as slow:
        await an_endpoint(site, host.origin)
        await a_thread(site)
        await slow.until(lambda: len(host.received) == 1)
        the_clock.move(seconds=21)
        for operation in (renew_lease, release_expired_worker):
            async with site.app.state.database.write() as connection:
                await operation(connection, slow.deliverer._id, now=the_clock.now())
        assert await leased(site) == 1
        host.released.set()


async def test_a_worker_is_not_released_while_it_renews_its_lease(
    site: ASite, the_clock: Clock, fresh_database_url: str
) -> None:
    """Otherwise its next deliveries would have no lease, and nobody would free them after its death."""
    ours, theirs = Database(fresh_database_url), Database(fresh_database_url)
    if ours.dialect == "sqlite":
        pytest.skip("One transaction at a time writes to SQLite, so there is nothing to race.")
    worker_id = clock.new_id()
    async with ours.write() as connection:
        await renew_lease(connection, worker_id, now=the_clock.now())
    the_clock.move(seconds=21)

    async def release() -> None:
        async with theirs.write() as connection:
            await release_expired_worker(connection, worker_id, now=the_clock.now())

    def after_a_statement(*_: object) -> None:
        await_only(release())

    async with ours.write() as connection:
        event.listen(connection.sync_connection, "after_cursor_execute", after_a_statement)
        await renew_lease(connection, worker_id, now=the_clock.now())
        event.remove(connection.sync_connection, "after_cursor_execute", after_a_statement)
        assert await has_lease(connection, worker_id)
    await ours.close()
    await theirs.close()


async def test_deliveries_claimed_after_an_expiry_are_free_once_the_worker_is_dead(
    site: ASite, the_clock: Clock
) -> None:
    answers = ["hang", OK, "hang", OK]
    async with a_receiver(lambda _: answers.pop(0)) as host, a_worker(site) as slow, a_worker(site) as other:
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        await slow.until(lambda: len(host.received) == 1)
        the_clock.move(seconds=21)
        await other.until(lambda: len(host.received) == 2)
        await other.work()
        slow.deliverer._renewed_at = the_clock.now()  # its turn had begun before it was given up
        await a_thread(site)
        await slow.until(lambda: len(host.received) == 3)
        await die(slow)
        the_clock.move(seconds=21)
        await other.work()
        assert [each["state"] for each in await deliveries_of(site, endpoint)] == ["delivered"] * 2


async def test_a_worker_that_stops_releases_its_deliveries(site: ASite) -> None:
    slow = ["hang"]
    async with a_receiver(lambda _: slow[0]) as host, a_worker(site) as one, a_worker(site) as other:
        await an_endpoint(site, host.origin)
        for _ in range(8):
            await a_thread(site)
        await one.until(lambda: len(host.received) == 4)
        await one.deliverer.stop(within_seconds=0)
        assert await leased(site) == 0
        async with site.app.state.database.read() as connection:
            assert await connection.scalar(select(func.count()).select_from(WorkerRow)) == 0
        slow[0] = OK  # type: ignore[call-overload]  # bytes in a list of words
        await other.work()
        assert {each["position"] for each in host.contents[4:]} == set(range(1, 9))


async def test_workers_that_stop_together_do_not_deadlock(site: ASite, database_url: str) -> None:
    """Its results are recorded although another transaction locks the endpoint of an unfinished delivery."""
    database = Database(database_url)
    if database.dialect == "sqlite":
        pytest.skip("One transaction at a time writes to SQLite, so there is nothing to race.")

    async def is_answered() -> bool:
        return len(host.received) == 2 and bool(one.deliverer._unrecorded)

    async def waits() -> bool:
        async with database.read() as connection:
            return bool(await connection.scalar(WAITING))

    async with a_receiver(lambda message: "hang" if message.path == "/hangs" else OK) as host, a_worker(site) as one:
        hangs, answers = [UUID((await an_endpoint(site, host.origin + path))[0]) for path in ("/hangs", "/answers")]
        await a_thread(site)
        await one.deliverer.poll()
        await becomes(is_answered)
        async with database.write() as connection:
            await lock_endpoints_by_id(connection, [hangs])
            stopping = asyncio.create_task(one.deliverer.stop(within_seconds=0))
            await becomes(waits)
            await lock_endpoints_by_id(connection, [answers])
        await stopping
        assert [each["state"] for each in await deliveries_of(site, str(answers))] == ["delivered"]
        assert await leased(site) == 0
    await database.close()


WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def test_a_failed_poll_loses_nothing(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        failed = []

        async def fail(*given: Any, **more: Any) -> None:
            failed.append(given)
            raise Busy

        with monkeypatch.context() as patched:
            patched.setattr(deliverer, "append_events", fail)  # the last thing before the commit
            forever = asyncio.create_task(worker.deliverer.deliver_forever())
            await becomes(lambda: _is(bool(failed)))
        await becomes(lambda: _has_attempts(site, endpoint, 1))
        forever.cancel()
        assert [each["position"] for each in host.contents] == [1]


async def _is(fact: bool) -> bool:
    return fact


async def _has_attempts(site: ASite, endpoint: str, count: int) -> bool:
    attempts: int = (await endpoint_of(site, endpoint))["health"]["recent"]["attempts"]
    return attempts == count


async def test_an_endpoint_that_hangs_gets_no_rows_for_its_lag(site: ASite) -> None:
    async with a_receiver(lambda _: "hang") as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        for _ in range(30):
            await a_thread(site)
        await worker.until(lambda: len(host.received) == 4)
        health = (await endpoint_of(site, endpoint))["health"]
        assert (health["waiting"], health["lag"]) == (4, 26)


async def test_an_idle_endpoint_gets_a_delivery_however_many_the_others_hold(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverer, "MAX_HELD", 8)
    async with (
        a_receiver(lambda message: "hang" if message.path == "/slow" else OK) as host,
        a_worker(site) as worker,
    ):
        for _ in range(3):
            await an_endpoint(site, f"{host.origin}/slow")
        for _ in range(5):
            await a_thread(site)
        await worker.until(lambda: len(host.received) >= 8)
        await an_endpoint(site, f"{host.origin}/quick")
        for _ in range(5):
            await a_thread(site)
        await worker.until(lambda: len([each for each in host.received if each.path == "/quick"]) == 5)
        host.released.set()


async def test_a_pause_releases_queued_deliveries(site: ASite, the_clock: Clock) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        for _ in range(20):
            await a_thread(site)
        await worker.work()  # the window is wide now
        host.answer = lambda _: "hang"
        for _ in range(20):
            await a_thread(site)
        await worker.until(lambda: len(host.received) == 30)
        await change(site, endpoint, state="paused")
        the_clock.move(seconds=2)
        await worker.deliverer.poll()
        await worker.deliverer.poll()
        assert await leased(site) == 10
        host.answer = lambda _: OK
        host.released.set()
        await worker.settle()
        await worker.work()
        assert len(host.received) == 30
        await change(site, endpoint, state="active")
        await worker.work()
        assert {each["position"] for each in host.contents} == set(range(1, 41))


async def test_an_endpoint_that_was_idle_for_long_gets_events_at_once(
    site: ASite, the_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even in the poll in which its queue would have been closed."""
    async with a_receiver() as host, a_worker(site) as worker:
        await an_endpoint(site, host.origin)
        await a_thread(site)
        await worker.work()
        monkeypatch.setattr(concurrency, "IDLE_SECONDS", -1.0)
        the_clock.move(minutes=1)
        await a_thread(site)
        await worker.work()
        assert len(host.received) == 2
