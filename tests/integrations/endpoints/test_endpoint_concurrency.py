"""A queue loses no delivery when its endpoint changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from service.integrations.endpoints import endpoint_concurrency as concurrency
from service.integrations.endpoints.endpoint_clients import Route
from service.integrations.endpoints.endpoint_concurrency import Delivery, EndpointQueue
from service.integrations.endpoints.send_attempt import AttemptResult, AttemptSender
from service.platform.outbound.safe_client import Targets
from service.platform.outbound.webhook_signatures import Signer, make_secret
from tests.integrations.endpoints.a_receiver import OK, AReceiver, a_receiver, an_answer
from tests.integrations.endpoints.deliveries import becomes

FAILURE = an_answer(500)


class AQueue:
    """A queue to a host, with the statuses of its deliveries by position."""

    def __init__(self, host: AReceiver) -> None:
        self.answers: list[tuple[int, int | None]] = []
        gate = asyncio.Event()
        gate.set()
        self.queue = EndpointQueue(AttemptSender(Targets(allow_private=True)), self._keep, gate)
        self.queue.route = Route(1, host.origin, Signer(make_secret()), None)

    def add(self, position: int) -> None:
        self.queue.add(Delivery(uuid4(), position, 0, 0, f"message-{position}", b"{}"))

    def _keep(self, delivery: Delivery, answer: AttemptResult) -> None:
        self.answers.append((delivery.position, answer.status))

    async def until_nothing_runs(self) -> None:
        async def nothing_runs() -> bool:
            return not self.queue._running

        await becomes(nothing_runs)


@asynccontextmanager
async def a_queue(host: AReceiver) -> AsyncIterator[AQueue]:
    queue = AQueue(host)
    try:
        yield queue
    finally:
        await queue.queue.finish(within_seconds=0)


async def test_queued_deliveries_are_sent_after_a_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if no poll took it out of the queue during the backoff."""
    answers, seconds = [FAILURE, OK], [0.0]
    monkeypatch.setattr(concurrency, "_now", lambda: seconds[0])
    monkeypatch.setattr(concurrency, "INITIAL_WINDOW", 1)
    async with a_receiver(lambda _: answers.pop(0)) as host, a_queue(host) as queue:
        queue.add(1)
        queue.add(2)
        await queue.until_nothing_runs()
        assert queue.answers == [(1, 500)]
        seconds[0] += concurrency.BACKOFF_SECONDS
        assert queue.queue.surplus() == []
        await queue.until_nothing_runs()
        assert queue.answers == [(1, 500), (2, 204)]


async def test_an_attempt_that_has_started_is_sent_even_if_the_endpoint_is_paused() -> None:
    async with a_receiver() as host, a_queue(host) as queue:
        queue.add(1)
        queue.queue.route = None  # before the first step of the try
        await queue.until_nothing_runs()
        assert queue.answers == [(1, 204)]
