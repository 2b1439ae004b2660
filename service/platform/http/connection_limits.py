"""Limits on the connections of a process, in all and per address.

A connection over a limit takes the place of the one that has waited for its client longest: for a request, for the
rest of one, or for the client to read. So slow and silent clients can't keep others out.
"""

import fcntl
import resource
import struct
import termios
from asyncio import Transport
from collections import Counter, OrderedDict
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Protocol

from service.platform.access.rate_limits import network_of

MAX_CONNECTIONS, MAX_PER_ADDRESS = 10_000, 256
MOST_FILES = 65_536
OTHER_FILES = 128  # the database, the log, outbound requests


class LimitedConnection(Protocol):
    """A connection that can be ended to make room."""

    def abort(self) -> None:
        """End the connection at once."""


class ConnectionLimits:
    """Counts connections; those of ``proxies`` have no limit per address."""

    def __init__(
        self, total: int = MAX_CONNECTIONS, per_address: int = MAX_PER_ADDRESS, *, proxies: Iterable[str] = ()
    ) -> None:
        self._total = total
        self._per_address = max(1, min(per_address, total // 4))
        self._proxies = [ip_network(proxy) for proxy in proxies]
        self._connections: dict[LimitedConnection, str | None] = {}  # and the address by which each is counted
        self._of_address: Counter[str] = Counter()
        self._waiting: OrderedDict[LimitedConnection, None] = OrderedDict()  # longest first

    def __len__(self) -> int:
        """The number of connections."""
        return len(self._connections)

    def add(self, connection: LimitedConnection, host: str | None) -> bool:
        """Count a connection from ``host``. Returns False if the limit is reached and none can make room."""
        address = self._counted_address(host)
        if address and self._of_address[address] >= self._per_address:
            of_address = (each for each in self._waiting if self._connections[each] == address)
            if not self._make_room(of_address):
                return False
        if len(self._connections) >= self._total and not self._make_room(self._waiting):
            return False
        self._connections[connection] = address
        if address:
            self._of_address[address] += 1
        return True

    def remove(self, connection: LimitedConnection) -> None:
        """Stop counting a connection."""
        self._waiting.pop(connection, None)
        if connection not in self._connections:
            return
        address = self._connections.pop(connection)
        if address:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def set_waiting(self, connection: LimitedConnection, waits: bool) -> None:
        """Note whether ``connection`` waits for its client."""
        if not waits:
            self._waiting.pop(connection, None)
        elif connection in self._connections:
            self._waiting.setdefault(connection)

    def _make_room(self, connections: Iterable[LimitedConnection]) -> bool:
        oldest = next(iter(connections), None)
        if oldest is None:
            return False
        self.remove(oldest)
        oldest.abort()
        return True

    def _counted_address(self, host: str | None) -> str | None:
        """The address by which a connection is counted; None for a Unix socket and for a proxy."""
        try:
            address = ip_address(host or "")
        except ValueError:
            return None
        return None if any(address in proxy for proxy in self._proxies) else network_of(str(address))


def possible_connections(wanted: int) -> int:
    """Raise this process's limit of open files, and return how many of ``wanted`` connections it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = max(soft, min(hard, MOST_FILES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    return max(1, min(wanted, raised - min(OTHER_FILES, raised // 2)))


def unread_bytes(transport: Transport) -> int:
    """What the client has not acknowledged: in this process, and in the kernel (``SIOCOUTQ``, tcp(7))."""
    try:
        queued = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError):  # the socket is closed
        return 0
    return transport.get_write_buffer_size() + int(struct.unpack("i", queued)[0])
