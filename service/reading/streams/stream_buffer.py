"""The send buffer of one client.

A slow client does not hold up the others. When its buffer is full its stream ends, and the client reconnects and
catches up.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from service.platform.sites.site_lookup import Site
from service.reading.streams.reader_events import ReaderEvent, StreamEventName

MAX_BUFFERED = 500


class Stream:
    """The events for one ``client`` with the language ``locale``, for one thread of ``site``.

    ``client`` is a fingerprint of its address, ``sequence`` the last one of the thread that it has.
    """

    __slots__ = ("_buffer", "_woken", "client", "ended", "locale", "sequence", "site", "thread_id")

    def __init__(self, site: Site, thread_id: int, *, sequence: int, locale: str, client: str | None) -> None:
        self.site, self.thread_id, self.sequence = site, thread_id, sequence
        self.locale, self.client = locale, client
        self.ended = False
        self._buffer: deque[ReaderEvent] = deque()
        self._woken = asyncio.Event()

    def add(self, event: ReaderEvent) -> None:
        """Queue an event, unless the stream has ended; a full buffer ends the stream."""
        if self.ended:
            return
        if len(self._buffer) == MAX_BUFFERED:
            self.end()
            return
        self._buffer.append(event)
        self._woken.set()

    def encoded(self, events: Sequence[ReaderEvent]) -> bytes:
        """Return the events encoded; ``thread.gone`` ends the stream."""
        sent = []
        for each in events:
            sent.append(each.message_in(self.locale))
            if each.name is StreamEventName.GONE:
                self.end()
                break
        return b"".join(sent)

    def end(self) -> None:
        """End the stream and discard its buffer."""
        self.ended = True
        self._buffer.clear()
        self._woken.set()

    async def next(self) -> list[ReaderEvent]:
        """Wait for events that the client does not have and return them; empty at the end."""
        while not self.ended:
            await self._woken.wait()
            self._woken.clear()
            events = [each for each in self._buffer if each.is_of_site or each.sequence > self.sequence]
            self._buffer.clear()
            if events:
                self.sequence = max([self.sequence, *(each.sequence for each in events if not each.is_of_site)])
                return events
        return []
