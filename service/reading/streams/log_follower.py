"""One log reader per process, which feeds all its streams.

*Why one*: 2,000 streams that poll the database separately would send 2,000 queries per tick. Here one query serves
all, and each message is encoded once per language.

No event is missed. A stream is registered before it catches up (``catch_up.py``), and each read looks up the
followed threads after it took its snapshot. An event that a read skips, because nobody followed its thread yet, is
therefore in the snapshot of any later catch-up. No event is sent twice, because a stream skips events up to its own
sequence.

Commits of this process are sent at once, commits of others after :data:`TICK_SECONDS`. Each tick also closes the
threads whose closing time has passed, and reopens sites, so both are announced without a request.
"""

import asyncio
from contextlib import suppress
from functools import partial

import anyio
import msgspec
import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.closures.close_site import reopen_due_sites
from service.conversation.closures.switch_site import is_switch_due, switch_due_sites
from service.conversation.threads.close_thread import is_any_due, sweep_closings
from service.platform import clock
from service.platform.events.read_log import head_position
from service.platform.problems import Busy
from service.platform.sites.model import SiteRow
from service.platform.sites.site_lookup import Site, current_sites
from service.platform.storage.engine import Database
from service.reading.cache.cache_state import CacheState
from service.reading.streams.catch_up import read_next
from service.reading.streams.reader_events import ReaderEvent
from service.reading.streams.shared_reads import SharedReads
from service.reading.streams.stream_buffer import Stream
from service.reading.streams.stream_limits import StreamLimits

TICK_SECONDS = 0.2
FAILURE_PAUSE_SECONDS = 1.0

log = structlog.get_logger("onereply.live")


class Followed(msgspec.Struct, eq=False):
    """A site whose log is followed, the position reached, and its streams by thread id."""

    site: Site
    position: int
    streams: dict[int, set[Stream]] = {}


class LogFollower:
    """The streams of a process, at most ``max_streams`` at a time."""

    def __init__(self, database: Database, *, max_streams: int) -> None:
        self._database = database
        self._limits = StreamLimits(max_streams)
        self.reads = SharedReads(database)
        self._followed: dict[int, Followed] = {}
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.stopping = anyio.Event()  # set by the first stream that notices the shutdown
        database.after_writes(self._woken.set)

    async def join(self, stream: Stream) -> None:
        """Send events to ``stream`` from now on, until it leaves.

        Raises :class:`TooManyStreams`, or Busy if the process is full or stopping.
        """
        if self.stopping.is_set():
            raise Busy(cause="The server is stopping.")
        site, head = stream.site, 0
        if site.id not in self._followed:
            head = await self.reads.shared(("head", site.id), partial(head_position, site_id=site.id))
        self._limits.acquire(stream.client)
        followed = self._followed.setdefault(site.id, Followed(site, head))
        followed.streams.setdefault(stream.thread_id, set()).add(stream)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())

    def leave(self, stream: Stream) -> None:
        """Stop sending events to ``stream``."""
        self._limits.release(stream.client)
        followed = self._followed[stream.site.id]
        followed.streams[stream.thread_id].discard(stream)
        if not followed.streams[stream.thread_id]:
            del followed.streams[stream.thread_id]
        if not followed.streams:
            del self._followed[stream.site.id]

    async def close(self) -> None:
        """End every stream and stop following the log."""
        self.stopping.set()
        self._end_all()
        self._closed = True
        self._woken.set()
        if self._task is not None:
            await self._task
        await self.reads.finish()

    def _end_all(self) -> None:
        for followed in self._followed.values():
            for streams in followed.streams.values():
                for stream in streams:
                    stream.end()

    async def _follow(self) -> None:
        """Follow the log while there are streams."""
        pause = 0.0
        while self._followed and not self._closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            self._woken.clear()
            if self.stopping.is_set():
                self._end_all()
            try:
                has_more = await self._read_next()
                pause = 0.0 if has_more else TICK_SECONDS
            except Busy:  # platform/storage/failures.py has logged it
                pause = FAILURE_PAUSE_SECONDS
            except Exception as error:  # one failure must not stop the follower
                log.error("log-follower-failed", exc_info=error)
                pause = FAILURE_PAUSE_SECONDS

    async def _read_next(self) -> bool:
        """Send new events and close due threads; return whether there may be more."""
        has_more = False
        async with self._database.read() as connection:
            heads = {row.id: row.position for row in await connection.execute(_HEADS, {"ids": [*self._followed]})}
            # Sites are read after the heads, so that they include every event up to them.
            sites = await current_sites(connection, {id_: each.site for id_, each in self._followed.items()})
            for site_id, followed in [*self._followed.items()]:
                followed.site = sites.get(site_id, followed.site)
                if site_id in heads and heads[site_id] != followed.position:
                    has_more |= await _send_next(connection, followed, head=heads[site_id])
            now = clock.now()
            is_due = any(site.status.is_due(now) or is_switch_due(site, now) for site in sites.values())
            is_due = is_due or await is_any_due(connection, sites.values())
        if is_due:
            async with self._database.write() as connection:
                await sweep_closings(connection, [*sites.values()])
                await reopen_due_sites(connection, sites.values())
                await switch_due_sites(connection, sites.values())
        return has_more


async def _send_next(connection: AsyncConnection, followed: Followed, *, head: int) -> bool:
    """Send one batch of a site's events up to ``head``; return whether there are more."""
    events, followed.position = await read_next(
        connection, followed.site, followed.streams, after=followed.position, until=head
    )
    for event in events:
        _fan_out(followed, event)
    return followed.position < head


def _fan_out(followed: Followed, event: ReaderEvent) -> None:
    for stream in followed.streams.get(event.thread_id, ()):
        stream.add(event)


_HEADS = select(SiteRow.id, SiteRow.position).where(SiteRow.id.in_(bindparam("ids", expanding=True)))


class StreamState(CacheState, kw_only=True, frozen=True):
    """The part of the app's state that streams need."""

    log_follower: LogFollower
