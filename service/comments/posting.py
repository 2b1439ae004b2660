"""A post before the lock, and the group in which it crosses.

Why groups: a commit costs the same for one post and for two hundred. Posts that arrive while a commit is under way
share the next transaction. The group is one customer of the process's writer, so closes and decisions wait for one
group at most; it runs in a task of its own, so a client that goes away cancels nothing.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import groupby

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from service.comments.accepting import Outcome, accept_group
from service.comments.drafts import Accepted, Draft, Unstorable
from service.storage.engine import Database
from service.web.measuring import GROUP, POSTS, QUEUE
from service.web.problems import Busy, InternalError, Problem, Unreachable

LARGEST_GROUP = 200
LONGEST_QUEUE = 5_000

log = structlog.get_logger()
Waiting = tuple[Draft, "asyncio.Future[Outcome]"]


class Group:
    """Where posts of a process wait for the next transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Waiting] = deque()
        self._crossing: asyncio.Task[None] | None = None

    async def post(self, draft: Draft) -> Accepted:
        """Have ``draft`` judged and, if it is accepted, committed.

        Raises the :class:`Problem` that refuses it, or Busy where too many wait.
        """
        if len(self._waiting) >= LONGEST_QUEUE:
            raise Busy
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((draft, answer))
        if self._crossing is None:
            self._crossing = asyncio.create_task(self._cross())
        QUEUE.set(len(self._waiting))
        outcome = await answer
        if isinstance(outcome, Problem):
            POSTS.labels(outcome.slug).inc()
            raise outcome
        POSTS.labels(outcome.comment.state).inc()
        return outcome

    async def finish(self) -> None:
        """Wait until nobody waits any more."""
        if self._crossing is not None:
            await self._crossing

    async def _cross(self) -> None:
        try:
            while self._waiting:
                await self._cross_once()
        finally:
            self._crossing = None

    async def _cross_once(self) -> None:
        """Take the writer's turn, then whoever waits by then."""
        group: list[Waiting] = []
        try:
            async with self._database.write() as connection:
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
                GROUP.observe(len(group))
                QUEUE.set(len(self._waiting))
                outcomes = await accept_group(connection, [draft for draft, _ in group])
        except Exception as error:
            # The turn itself may not have come; then the first in line get to know why.
            group = group or [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
            outcomes = await self._cross_in_parts([draft for draft, _ in group], error)
        for (_, answer), outcome in zip(group, outcomes, strict=True):
            if not answer.done():
                answer.set_result(outcome)

    async def _cross_in_parts(self, drafts: Sequence[Draft], error: Exception) -> list[Outcome]:
        """What failed together goes on in parts: thread by thread where a lock was missing, else post by post."""
        if len(drafts) == 1:
            return [_failure(drafts[0], error)]
        log.warning("group-failed", posts=len(drafts), error=repr(error))
        if isinstance(error, Busy) and not self._may_get_through_in_parts(error, drafts):
            return [error for _ in drafts]
        parts = _by_thread(drafts) if isinstance(error, Busy) else [[number] for number in range(len(drafts))]
        outcomes: dict[int, Outcome] = {}
        for numbers in parts:
            outcomes.update(zip(numbers, await self._cross_part([drafts[number] for number in numbers]), strict=True))
        return [outcomes[number] for number in range(len(drafts))]

    def _may_get_through_in_parts(self, error: Busy, drafts: Sequence[Draft]) -> bool:
        """Whether it was one thread that somebody else holds, not the whole database."""
        whole = isinstance(error, Unreachable) or self._database.dialect == "sqlite"
        return not whole and len({_thread(draft) for draft in drafts}) > 1

    async def _cross_part(self, drafts: Sequence[Draft]) -> list[Outcome]:
        try:
            async with self._database.write() as connection:
                return await accept_group(connection, drafts)
        except Exception as error:
            return await self._cross_in_parts(drafts, error)


def _thread(draft: Draft) -> tuple[int, str]:
    return draft.site.id, draft.article


def _by_thread(drafts: Sequence[Draft]) -> list[list[int]]:
    """The numbers of ``drafts``, a list for each thread, in order."""
    numbers = sorted(range(len(drafts)), key=lambda number: (_thread(drafts[number]), number))
    return [list(part) for _, part in groupby(numbers, key=lambda number: _thread(drafts[number]))]


def _failure(draft: Draft, error: Exception) -> Problem:
    """What to tell whoever posted alone and failed."""
    if isinstance(error, Problem):
        return error
    log.error("post-failed", exc_info=error)
    if isinstance(error, DataError | IntegrityError):
        return Unstorable(draft)
    return InternalError()
