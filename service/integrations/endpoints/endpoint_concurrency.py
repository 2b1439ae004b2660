"""Adaptive concurrency per endpoint: each endpoint has its own queue and window in a worker.

The window limits how many deliveries the queue holds, running or not. It grows by one after a success and halves
after a failure, like TCP's congestion window (RFC 5681). An endpoint that hangs soon gets one attempt at a time, so
any number of slow endpoints leave capacity for the others.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from uuid import UUID

import msgspec

from service.integrations.endpoints.endpoint_clients import Route
from service.integrations.endpoints.send_attempt import AttemptResult, AttemptSender
from service.platform import clock
from service.platform.outbound.retry_schedule import is_success

INITIAL_WINDOW, MAX_WINDOW = 4, 256
MAX_CONCURRENT = 10
BACKOFF_SECONDS = 1.0
IDLE_SECONDS = 60.0
MAX_QUEUED_SECONDS = 10.0  # then the texts are read again: they may have been deleted meanwhile


class Delivery(msgspec.Struct, frozen=True):
    """One event on its way to one endpoint, claimed by this process."""

    endpoint_id: UUID
    position: int
    schedule_step: int
    attempts: int
    message_id: str
    body: bytes


class EndpointQueue:
    """The deliveries of one endpoint in this process. Without a ``route`` nothing is sent.

    ``on_result`` is called with each delivery and its result. Nothing is sent while ``gate`` is closed.
    """

    def __init__(
        self, sender: AttemptSender, on_result: Callable[[Delivery, AttemptResult], None], gate: asyncio.Event
    ) -> None:
        self.route: Route | None = None
        self._sender, self._on_result, self._gate = sender, on_result, gate
        self._window = INITIAL_WINDOW
        self._waiting: deque[tuple[Delivery, float]] = deque()  # with the time since when
        self._running: dict[asyncio.Task[None], Delivery] = {}
        self._backoff_until = 0.0
        self._used_at = _now()

    @property
    def held(self) -> int:
        """The number of deliveries, queued and running."""
        return len(self._waiting) + len(self._running)

    @property
    def runs_low(self) -> bool:
        """Whether the queue is at most half the window."""
        return len(self._waiting) <= self._window // 2

    @property
    def is_idle(self) -> bool:
        """Whether the queue has been unused for :data:`IDLE_SECONDS`."""
        return not self.held and _now() - self._used_at > IDLE_SECONDS

    def capacity(self) -> int:
        """Return how many more deliveries fit now."""
        return max(0, self._current_window() - self.held)

    def add(self, delivery: Delivery) -> None:
        """Queue ``delivery`` and send it when a request may start."""
        self._waiting.append((delivery, _now()))
        self._start()

    def surplus(self) -> list[Delivery]:
        """Remove and return the queued deliveries that no longer fit the window or waited too long.

        The worker releases them to the database, and reads their texts when it claims them again. The remaining ones
        are sent, also after a backoff, when no running request would start them.
        """
        stay, oldest = max(0, self._current_window() - len(self._running)), _now() - MAX_QUEUED_SECONDS
        surplus = [self._waiting.pop()[0] for _ in range(len(self._waiting) - stay)]
        while self._waiting and self._waiting[0][1] < oldest:
            surplus.append(self._waiting.popleft()[0])
        self._start()
        return surplus

    async def finish(self, *, within_seconds: float) -> list[Delivery]:
        """Stop sending, wait for running requests, then cancel them.

        Returns the deliveries without a result.
        """
        self.route = None
        left, running = self.surplus(), dict(self._running)
        if running:
            _, late = await asyncio.wait(running, timeout=within_seconds)
            for task in late:
                task.cancel()
            await asyncio.wait(running)
            left += [running[task] for task in late]
        await self._sender.close()
        return left

    def _current_window(self) -> int:
        """Return the current window: 0 without a route or during a backoff."""
        return self._window if self.route and _now() >= self._backoff_until else 0

    def _start(self) -> None:
        while self.route and self._waiting and len(self._running) < min(MAX_CONCURRENT, self._current_window()):
            delivery, _ = self._waiting.popleft()
            task = asyncio.create_task(self._attempt(delivery, self.route))
            self._running[task] = delivery
            task.add_done_callback(self._on_done)

    async def _attempt(self, delivery: Delivery, route: Route) -> None:
        await self._gate.wait()
        headers = route.headers(delivery.message_id, clock.now(), delivery.body)
        result = await self._sender.send(route.url, delivery.body, headers)
        if is_success(result.status):
            self._window = min(MAX_WINDOW, self._window + 1)
        else:
            self._window = max(1, self._window // 2)
            if self._window == 1:
                self._backoff_until = _now() + BACKOFF_SECONDS
        self._on_result(delivery, result)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._used_at = _now()
        self._start()


def _now() -> float:
    return asyncio.get_running_loop().time()
