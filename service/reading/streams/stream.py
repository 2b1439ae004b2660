"""What is to be sent to one client.

A client that takes things more slowly than they happen is not waited for: when too much has gathered its stream ends,
and it comes back for the rest when it can.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from service.platform.sites.site_lookup import Site
from service.reading.streams.reader_events import Name, ReaderEvent

MOST_GATHERED = 500


class Stream:
    """What one client at ``address``, who reads ``locale``, is to be told of a thread of ``site``.

    ``sequence`` is that of the thread as far as the client has been told.
    """

    __slots__ = ("_gathered", "_woken", "address", "ended", "locale", "sequence", "site", "thread_id")

    def __init__(self, site: Site, thread_id: int, *, sequence: int, locale: str, address: str | None) -> None:
        self.site, self.thread_id, self.sequence = site, thread_id, sequence
        self.locale, self.address = locale, address
        self.ended = False
        self._gathered: deque[ReaderEvent] = deque()
        self._woken = asyncio.Event()

    def give(self, told: ReaderEvent) -> None:
        """Have ``told`` sent, unless the client turns out to have it."""
        if self.ended:
            return
        if len(self._gathered) == MOST_GATHERED:
            self.end()
            return
        self._gathered.append(told)
        self._woken.set()

    def encoded(self, told: Sequence[ReaderEvent]) -> bytes:
        """``told`` as it is sent; with the end of the thread the stream ends."""
        sent = []
        for each in told:
            sent.append(each.in_(self.locale))
            if each.name is Name.GONE:
                self.end()
                break
        return b"".join(sent)

    def end(self) -> None:
        """Send no more, not even what has gathered."""
        self.ended = True
        self._gathered.clear()
        self._woken.set()

    async def next(self) -> list[ReaderEvent]:
        """What has gathered, once there is something that the client does not have; nothing at the end."""
        while not self.ended:
            await self._woken.wait()
            self._woken.clear()
            told = [each for each in self._gathered if each.sequence > self.sequence]
            self._gathered.clear()
            if told:
                self.sequence = told[-1].sequence
                return told
        return []
