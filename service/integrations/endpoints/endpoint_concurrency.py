"""What a worker has under way to one endpoint: a lane of its own, as wide as the endpoint has shown to be worth.

The window is what a lane may hold, running or not: it grows by one with each delivery that was taken and halves with
each that was not, as TCP's does (RFC 5681). So an endpoint that hangs soon has one try at a time, and whatever
number of them hang, the others have their room.
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
    """One event on its way to one endpoint, which this process has taken."""

    endpoint_id: UUID
    position: int
    tries: int
    attempts: int
    message_id: str
    body: bytes


class Lane:
    """The deliveries to one endpoint, by its ``route``; without one it takes nothing.

    ``tell`` is called with each delivery and its answer. Nothing is sent while ``gate`` is shut.
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
        """How many deliveries it has."""
        return len(self._queue) + len(self._running)

    @property
    def runs_low(self) -> bool:
        """Whether it will have nothing to send before long."""
        return len(self._queue) <= self._window // 2

    @property
    def is_idle(self) -> bool:
        """Whether it has not been needed for a while."""
        return not self.held and _now() - self._used_at > IDLE_SECONDS

    def room(self) -> int:
        """How many more it takes now."""
        return max(0, self._width() - self.held)

    def add(self, delivery: Delivery) -> None:
        """Send ``delivery`` in its turn."""
        self._queue.append(delivery)
        self._start()

    def surplus(self) -> list[Delivery]:
        """Take out what waits here and had better wait in the database: what the window has no more room for.

        What stays is sent, also where nothing is running whose end would have it sent: after a rest.
        """
        stay = max(0, self._width() - len(self._running))
        surplus = [self._queue.pop() for _ in range(len(self._queue) - stay)]
        self._start()
        return surplus

    async def finish(self, *, within_seconds: float) -> list[Delivery]:
        """Send nothing more, and let what is running end or, after a while, end it; what was given no answer."""
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
        """The window as it is now: shut without a route, and while the endpoint is given a rest."""
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
