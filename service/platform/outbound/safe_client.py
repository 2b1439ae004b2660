"""An HTTP client for URLs from hosts that refuses private addresses (SSRF protection).

Hosts provide URLs of their keys and webhook endpoints. Without this check, a site's admin could make the service call
its own network: databases, metadata services, the service itself. A name is resolved once and refused if any of its
addresses is not public. The connection goes to the checked address, so a later DNS change has no effect; ``Host`` and
the certificate check still use the name. Redirects are not followed and proxy variables are ignored.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpcore2
import httpx2

from service.platform.text.web_urls import is_web_url

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\.?$)(?:{_LABEL}\.)*(?:{_LABEL})\.?")
_LAST_IS_A_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?")  # inet_aton reads these as addresses
_LOOPBACK = re.compile(r"(?:.*\.)?localhost\.?")  # RFC 6761, section 6.3

# IANA's special-purpose registries, and two public addresses that answer only inside a cloud. The standard library
# knows some of them only in later releases.
_SPECIAL = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
    )
]
DNS_TIMEOUT_SECONDS = 5.0
# The loop's default executor has few threads: a few names with silent DNS servers would block all other lookups.
_RESOLVERS = ThreadPoolExecutor(128, thread_name_prefix="resolver")

_GLOBAL_IPV6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")


class TargetRefused(Exception):
    """The service may not call this URL or address; the message says why, without the URL."""


class PrivateTarget(TargetRefused):
    """The address is private: it belongs to the service's own network."""


class Targets:
    """Checks which URLs may be called: public ones or, with ``allow_private``, any.

    ``resolve`` returns the addresses of a name and raises OSError if there are none.
    """

    def __init__(self, *, allow_private: bool, resolve: Resolve | None = None) -> None:
        self.allow_private = allow_private
        self._resolve = resolve or resolve_name

    def check(self, url: str) -> None:
        """Check ``url`` without resolving its name; raises :class:`TargetRefused`."""
        host = _host_of(url)
        literal = _literal(host)
        if self.allow_private:
            return
        if _LOOPBACK.fullmatch(host) or (literal and not is_public(literal)):
            raise PrivateTarget("Its host has a private address.")

    async def check_resolved(self, url: str) -> None:
        """Check ``url`` and the current addresses of its name; raises :class:`TargetRefused`."""
        self.check(url)
        parsed = httpx2.URL(url)
        try:
            async with asyncio.timeout(DNS_TIMEOUT_SECONDS):
                found = await self.addresses(_host_of(url), parsed.port or (443 if parsed.scheme == "https" else 80))
        except (OSError, TimeoutError):
            found = []
        if not found:
            raise TargetRefused("Its host has no address.")

    def client(self, *, timeout_seconds: float, max_connections: int = 10) -> httpx2.AsyncClient:
        """Create a client that calls only allowed addresses; the caller closes it. The timeout applies to each step."""
        return httpx2.AsyncClient(transport=self.transport(max_connections), timeout=timeout_seconds, trust_env=False)

    def transport(self, max_connections: int = 10) -> httpx2.AsyncHTTPTransport:
        """Create the transport of such a client, for libraries that make their own."""
        return _Transport(_CheckedBackend(self), max_connections)

    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        """Resolve and check the addresses of ``host``; raises :class:`TargetRefused` or OSError."""
        literal = _literal(host)
        found = [literal] if literal else await self._resolve(host, port)
        if not self.allow_private and not all(map(is_public, found)):
            raise PrivateTarget("Its host has a private address.")
        return found


def _host_of(url: str) -> str:
    """The host of ``url`` in ASCII, as used for the connection; raises :class:`TargetRefused`."""
    if not is_web_url(url):
        raise TargetRefused("It is not an http or https URL.")
    try:
        return httpx2.URL(url).raw_host.decode("ascii").lower()
    except (httpx2.InvalidURL, UnicodeError):
        raise TargetRefused("Its host is not a valid name or IP address.") from None


def _literal(host: str) -> Address | None:
    """Parse ``host`` as an IP address; None for a name. Raises :class:`TargetRefused` for anything else."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        pass
    if not _NAME.fullmatch(host) or _LAST_IS_A_NUMBER.fullmatch(host):
        raise TargetRefused("Its host is not a valid name or IP address.")
    return None


def is_public(address: Address) -> bool:
    """Whether ``address`` is globally reachable, so that everyone reaches the same machine at it."""
    if isinstance(address, IPv6Address):
        if (embedded := _embedded(address)) is not None:
            return is_public(embedded)
        if address not in _GLOBAL_IPV6:
            return False
    return not any(address in network for network in _SPECIAL if network.version == address.version)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address embedded in ``address``: mapped, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


async def resolve_name(host: str, port: int) -> Sequence[Address]:
    """Resolve ``host`` with the system's resolver."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, look_up)
    return list(dict.fromkeys(ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found))


class _CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to the checked addresses; TLS still verifies the name."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._sockets = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                return await self._connect(await self._targets.addresses(host, port), port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("It took too long to connect.") from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error

    async def _connect(self, addresses: Sequence[Address], port: int) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers."""
        for address in addresses[:-1]:
            try:
                return await self._sockets.connect_tcp(str(address), port)
            except httpcore2.ConnectError:
                continue
        if not addresses:
            raise httpcore2.ConnectError("The host name has no address.")
        return await self._sockets.connect_tcp(str(addresses[-1]), port)


class _Transport(httpx2.AsyncHTTPTransport):
    """httpx's transport, with a pool that connects through ``backend``."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend, max_connections: int) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(), network_backend=backend, max_connections=max_connections
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except (OSError, AttributeError) as error:  # the socket is gone; httpcore does not wrap this error
            raise httpx2.ConnectError("The connection was closed immediately.") from error


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)  # loading all certificates takes longer than a request
