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
from service.integrations.endpoints.retry_schedule import is_success
from service.integrations.endpoints.send_attempt import Answer, AttemptSender
from service.platform import clock

FIRST_WINDOW, WIDEST = 4, 256
AT_ONCE = 10
REST_SECONDS = 1.0
IDLE_SECONDS = 60.0


class Delivery(msgspec.Struct, frozen=True):
    """One event on its way to one endpoint, claimed by this process."""

    endpoint_id: UUID
    position: int
    tries: int
    attempts: int
    message_id: str
    body: bytes


class Lane:
    """The deliveries of one endpoint in this process; without a ``route`` nothing is sent.

    ``tell`` is called with each delivery and its answer. Nothing is sent while ``gate`` is closed.
    """

    def __init__(self, sender: AttemptSender, tell: Callable[[Delivery, Answer], None], gate: asyncio.Event) -> None:
        self.route: Route | None = None
        self._sender, self._tell, self._gate = sender, tell, gate
        self._window = FIRST_WINDOW
        self._queue: deque[Delivery] = deque()
        self._running: dict[asyncio.Task[None], Delivery] = {}
        self._rests_until = 0.0
        self._used_at = _now()

    @property
    def held(self) -> int:
        """The number of deliveries, queued and running."""
        return len(self._queue) + len(self._running)

    @property
    def runs_low(self) -> bool:
        """Whether the queue is at most half the window."""
        return len(self._queue) <= self._window // 2

    @property
    def is_idle(self) -> bool:
        """Whether the lane has been unused for :data:`IDLE_SECONDS`."""
        return not self.held and _now() - self._used_at > IDLE_SECONDS

    def room(self) -> int:
        """Return how many more deliveries fit now."""
        return max(0, self._width() - self.held)

    def add(self, delivery: Delivery) -> None:
        """Queue ``delivery`` and send it in its turn."""
        self._queue.append(delivery)
        self._start()

    def surplus(self) -> list[Delivery]:
        """Remove and return the queued deliveries that no longer fit the window.

        The worker releases them to the database. The remaining ones are sent, also after a rest, when no running
        request would start them.
        """
        stay = max(0, self._width() - len(self._running))
        surplus = [self._queue.pop() for _ in range(len(self._queue) - stay)]
        self._start()
        return surplus

    async def finish(self, *, within_seconds: float) -> list[Delivery]:
        """Stop sending, wait for running requests, then cancel them.

        Returns the deliveries without an answer.
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

    def _width(self) -> int:
        """Return the current window: 0 without a route or while the endpoint rests."""
        return self._window if self.route and _now() >= self._rests_until else 0

    def _start(self) -> None:
        while self.route and self._queue and len(self._running) < min(AT_ONCE, self._width()):
            delivery = self._queue.popleft()
            task = asyncio.create_task(self._try(delivery, self.route))
            self._running[task] = delivery
            task.add_done_callback(self._ended)

    async def _try(self, delivery: Delivery, route: Route) -> None:
        await self._gate.wait()
        headers = route.signer.headers(delivery.message_id, clock.now(), delivery.body)
        answer = await self._sender.send(route.url, delivery.body, headers)
        if is_success(answer.status):
            self._window = min(WIDEST, self._window + 1)
        else:
            self._window = max(1, self._window // 2)
            if self._window == 1:
                self._rests_until = _now() + REST_SECONDS
        self._tell(delivery, answer)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._used_at = _now()
        self._start()


def _now() -> float:
    return asyncio.get_running_loop().time()
