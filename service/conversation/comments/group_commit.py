"""Group commit: posts join a batch, and a batch is one transaction.

*Why batches*: a commit costs the same for one post as for two hundred, so posts that arrive during a commit share the
next transaction. A batch takes one turn of the process's writer, so closes and decisions wait for one batch at most.
It runs in its own task, so a client that disconnects cancels nothing.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import DataError, IntegrityError

from service.conversation.comments.accept_batch import Accepted, Outcome, RulesChanged, accept_batch
from service.conversation.comments.prepare_text import screen_again
from service.conversation.comments.refusals import Unstorable, over_limit
from service.conversation.comments.submission import Draft
from service.platform.events.append import SiteChanged
from service.platform.metrics import BATCH_POSTS, BATCH_RETRIES, POSTS, QUEUE
from service.platform.problems import Busy, DatabaseUnavailable, InternalError, Problem
from service.platform.storage.engine import TIME_LIMIT_SECONDS, Database
from service.platform.storage.postgresql import set_lock_timeout

MAX_BATCH = 200
MAX_QUEUE = 5_000
MAX_SCREENINGS = 5  # of a post whose site changes while it waits
# Seconds. The batch has already waited for the lock; its parts only check whether it is on their thread.
PART_LOCK_TIMEOUT = 0.1

log = structlog.get_logger()


class Waiting(NamedTuple):
    """A draft in the queue, the future of its outcome, and the loop time at which it gets 503."""

    draft: Draft
    outcome: "asyncio.Future[Outcome]"
    deadline: float


class GroupCommit:
    """The queue of posts in this process that wait for the next transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Waiting] = deque()
        self._committing: asyncio.Task[None] | None = None

    async def post(self, draft: Draft) -> Accepted:
        """Queue ``draft`` and wait until it is decided and, if accepted, committed.

        Raises the :class:`Problem` that refuses it, or Busy if the queue is full. A draft over its rate limit joins the
        batch only with an idempotency key, because it may have been accepted before.
        """
        if draft.limits.exceeded and draft.key is None:
            raise over_limit(draft)
        for _ in range(MAX_SCREENINGS):
            outcome = await self._decide(draft)
            if not isinstance(outcome, RulesChanged):
                break
            site, section = outcome
            findings = await screen_again(site, section, draft.text, draft.spam_model)
            draft = replace(draft, site=site, section=section, text_findings=findings)
        else:
            raise Busy(cause="The site changed while the post was screened.")
        if isinstance(outcome, Problem):
            POSTS.labels(outcome.slug).inc()
            raise outcome
        POSTS.labels(outcome.comment.state).inc()
        return outcome

    async def _decide(self, draft: Draft) -> Outcome:
        """Queue ``draft`` and wait for its outcome."""
        if len(self._waiting) >= MAX_QUEUE:
            raise Busy(cause="The queue of posts is full.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append(Waiting(draft, future, loop.time() + (self._database.time_limit or TIME_LIMIT_SECONDS)))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_queue())
        QUEUE.set(len(self._waiting))
        return await future

    async def finish(self) -> None:
        """Wait until the queue is empty."""
        if self._committing is not None:
            await self._committing

    async def _commit_queue(self) -> None:
        try:
            while self._waiting:
                await self._commit_batch()
        finally:
            self._committing = None

    async def _commit_batch(self) -> None:
        """Wait for the writer, then commit every post that is queued by then."""
        batch: list[Waiting] = []
        try:
            async with self._database.write(within=_seconds_left(self._waiting[0])) as connection:
                batch = self._take_batch()
                outcomes = await accept_batch(connection, [each.draft for each in batch])
        except Exception as error:
            # If the writer's turn never came, the batch is still empty: fail the first posts in the queue.
            batch = batch or self._take_batch()
            outcomes = await self._commit_in_parts(batch, error)
        for each, outcome in zip(batch, outcomes, strict=True):
            if not each.outcome.done():
                each.outcome.set_result(outcome)

    def _take_batch(self) -> list[Waiting]:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        BATCH_POSTS.observe(len(batch))
        QUEUE.set(len(self._waiting))
        return batch

    async def _commit_in_parts(self, batch: Sequence[Waiting], error: Exception) -> list[Outcome]:
        """Retry a failed batch in parts: thread by thread after a lock timeout, else post by post.

        If only a site changed, the batch is retried as a whole.

        A post past its time limit is not retried: the whole batch ends with the time limit of its oldest post.
        """
        if isinstance(error, SiteChanged):
            return await self._commit_part(batch)
        if len(batch) == 1:
            return [_failure(batch[0].draft, error)]
        if isinstance(error, Busy):
            if not self._may_retry_in_parts(error, batch):
                return [error for _ in batch]
            parts = _by_thread(batch)
        else:
            log.warning("batch-failed", posts=len(batch), error=repr(error))
            parts = [[index] for index in range(len(batch))]
        outcomes: dict[int, Outcome] = {}
        for indexes in parts:
            outcomes.update(zip(indexes, await self._commit_part([batch[index] for index in indexes]), strict=True))
        return [outcomes[index] for index in range(len(batch))]

    def _may_retry_in_parts(self, error: Busy, batch: Sequence[Waiting]) -> bool:
        """Whether the lock is on one thread, not on the whole database."""
        is_global = isinstance(error, DatabaseUnavailable) or self._database.dialect == "sqlite"
        return not is_global and len({_thread(each.draft) for each in batch}) > 1

    async def _commit_part(self, part: Sequence[Waiting]) -> list[Outcome]:
        BATCH_RETRIES.inc()
        if (left := _seconds_left(part[0])) <= 0:
            return [Busy(cause="The batch reached its time limit before its retry.") for _ in part]
        try:
            async with self._database.write(within=left) as connection:
                await set_lock_timeout(connection, seconds=PART_LOCK_TIMEOUT)
                return await accept_batch(connection, [each.draft for each in part])
        except Exception as error:
            return await self._commit_in_parts(part, error)


def _seconds_left(waiting: Waiting) -> float:
    """Return the seconds left until ``waiting`` must be answered."""
    return max(0.0, waiting.deadline - asyncio.get_running_loop().time())


def _thread(draft: Draft) -> tuple[int, str]:
    return draft.site.id, draft.article


def _by_thread(batch: Sequence[Waiting]) -> list[list[int]]:
    """Return the positions of the drafts of ``batch``, one list per thread, in order."""
    indexes = sorted(range(len(batch)), key=lambda index: (_thread(batch[index].draft), index))
    return [list(part) for _, part in groupby(indexes, key=lambda index: _thread(batch[index].draft))]


def _failure(draft: Draft, error: Exception) -> Problem:
    """Return the problem of a post that failed on its own."""
    if isinstance(error, Problem):
        return error
    log.error("post-failed", exc_info=error)
    if isinstance(error, DataError | IntegrityError):
        return Unstorable(draft)
    return InternalError()
