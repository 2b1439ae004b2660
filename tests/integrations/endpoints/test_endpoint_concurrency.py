"""A lane loses nothing that it was given, whatever happens to its endpoint meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from service.integrations.endpoints import endpoint_concurrency as lanes
from service.integrations.endpoints.endpoint_clients import Route
from service.integrations.endpoints.endpoint_concurrency import Delivery, Lane
from service.integrations.endpoints.send_attempt import Answer, AttemptSender
from service.platform.outbound.safe_client import Targets
from service.platform.outbound.webhook_signatures import Signer, make_secret
from tests.integrations.endpoints.a_receiver import OK, AReceiver, a_receiver, an_answer
from tests.integrations.endpoints.deliveries import becomes

REFUSED = an_answer(500)


class ALane:
    """A lane to a host, and the statuses that it was given, by the position of the delivery."""

    def __init__(self, host: AReceiver) -> None:
        self.answers: list[tuple[int, int | None]] = []
        gate = asyncio.Event()
        gate.set()
        self.lane = Lane(AttemptSender(Targets(allow_private=True)), self._keep, gate)
        self.lane.route = Route(1, host.origin, Signer(make_secret()), None)

    def add(self, position: int) -> None:
        self.lane.add(Delivery(uuid4(), position, 0, 0, f"message-{position}", b"{}"))

    def _keep(self, delivery: Delivery, answer: Answer) -> None:
        self.answers.append((delivery.position, answer.status))

    async def until_nothing_runs(self) -> None:
        async def nothing_runs() -> bool:
            return not self.lane._running

        await becomes(nothing_runs)


@asynccontextmanager
async def a_lane(host: AReceiver) -> AsyncIterator[ALane]:
    lane = ALane(host)
    try:
        yield lane
    finally:
        await lane.lane.finish(within_seconds=0)


async def test_what_waits_through_a_rest_is_sent_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nobody came by in the course of the rest to take it out."""
    answers, seconds = [REFUSED, OK], [0.0]
    monkeypatch.setattr(lanes, "_now", lambda: seconds[0])
    monkeypatch.setattr(lanes, "FIRST_WINDOW", 1)
    async with a_receiver(lambda _: answers.pop(0)) as host, a_lane(host) as lane:
        lane.add(1)
        lane.add(2)
        await lane.until_nothing_runs()
        assert lane.answers == [(1, 500)]
        seconds[0] += lanes.REST_SECONDS
        assert lane.lane.surplus() == []
        await lane.until_nothing_runs()
        assert lane.answers == [(1, 500), (2, 204)]


async def test_a_try_that_has_begun_is_made_also_where_the_endpoint_is_paused_at_that_moment() -> None:
    async with a_receiver() as host, a_lane(host) as lane:
        lane.add(1)
        lane.lane.route = None  # before the first step of the try
        await lane.until_nothing_runs()
        assert lane.answers == [(1, 204)]
