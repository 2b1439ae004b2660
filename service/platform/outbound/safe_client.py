"""Which URLs the service itself may call, and a client that calls no others.

Hosts tell us URLs (their keys, where they listen), so without this whoever runs a site could have the service ask what
stands behind it in the same network: databases, metadata services, itself. A name is resolved once, refused if any of
its addresses is not a public one, and connected to at the address that was looked at, so that a name which resolves
otherwise a moment later gains nothing; ``Host`` and the certificate are still those of the name. Redirects are not
followed, and no proxy of the environment is asked.
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
_LAST_IS_A_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?")  # which inet_aton takes for an address
_LOOPBACK = re.compile(r"(?:.*\.)?localhost\.?")  # RFC 6761, section 6.3

# IANA's special-purpose registries, and two addresses that are public and yet answer only inside a cloud. The modules
# of the standard library know some of them only in later releases.
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
RESOLVING_SECONDS = 5.0
# The loop's own threads are a handful: a few names whose servers do not answer would keep all others waiting.
_RESOLVERS = ThreadPoolExecutor(128, thread_name_prefix="resolving")

_GLOBAL_IPV6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")


class TargetRefused(Exception):
    """The service may not call this URL or address; the message says why, without the URL."""


class PrivateTarget(TargetRefused):
    """It would lead to what stands behind the service, in the same network."""


class Targets:
    """What may be called: everything public or, where ``allow_private``, anything at all.

    ``resolve`` gives the addresses of a name; it raises OSError where there are none.
    """

    def __init__(self, *, allow_private: bool, resolve: Resolve | None = None) -> None:
        self.allow_private = allow_private
        self._resolve = resolve or resolve_name

    def check(self, url: str) -> None:
        """Refuse ``url`` as far as can be told without resolving its name; raises :class:`TargetRefused`."""
        host = _host_of(url)
        literal = _literal(host)
        if self.allow_private:
            return
        if _LOOPBACK.fullmatch(host) or (literal and not is_public(literal)):
            raise PrivateTarget("It leads to a private address.")

    async def check_resolved(self, url: str) -> None:
        """Refuse ``url`` also by the addresses that its name has now; raises :class:`TargetRefused`."""
        self.check(url)
        parsed = httpx2.URL(url)
        try:
            async with asyncio.timeout(RESOLVING_SECONDS):
                found = await self.addresses(_host_of(url), parsed.port or (443 if parsed.scheme == "https" else 80))
        except (OSError, TimeoutError):
            found = []
        if not found:
            raise TargetRefused("Its host has no address.")

    def client(self, *, timeout_seconds: float) -> httpx2.AsyncClient:
        """A client for targets; close it. Each step of a request has ``timeout_seconds``."""
        backend = _CheckedBackend(self)
        return httpx2.AsyncClient(transport=_Transport(backend), timeout=timeout_seconds, trust_env=False)

    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        """The addresses of ``host``, all of which may be called; raises :class:`TargetRefused`, OSError."""
        literal = _literal(host)
        found = [literal] if literal else await self._resolve(host, port)
        if not self.allow_private and not all(map(is_public, found)):
            raise PrivateTarget("It leads to a private address.")
        return found


def _host_of(url: str) -> str:
    """The host of ``url`` in ASCII, as it will be connected to; raises :class:`TargetRefused`."""
    if not is_web_url(url):
        raise TargetRefused("It is no http or https URL.")
    try:
        return httpx2.URL(url).raw_host.decode("ascii").lower()
    except (httpx2.InvalidURL, UnicodeError):
        raise TargetRefused("Its host is none.") from None


def _literal(host: str) -> Address | None:
    """The address that ``host`` is, or None for a name; raises :class:`TargetRefused` for what is neither."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        pass
    if not _NAME.fullmatch(host) or _LAST_IS_A_NUMBER.fullmatch(host):
        raise TargetRefused("Its host is none.")
    return None


def is_public(address: Address) -> bool:
    """Whether anybody on the internet would reach the same machine at ``address``."""
    if isinstance(address, IPv6Address):
        if (embedded := _embedded(address)) is not None:
            return is_public(embedded)
        if address not in _GLOBAL_IPV6:
            return False
    return not any(address in network for network in _SPECIAL if network.version == address.version)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that ``address`` stands for: mapped, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


async def resolve_name(host: str, port: int) -> Sequence[Address]:
    """The addresses that the system's resolver knows."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, ask)
    return list(dict.fromkeys(ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found))


class _CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to the addresses that were looked at; TLS begins after that and still asks for the name."""

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
        """To the first that answers."""
        for address in addresses[:-1]:
            try:
                return await self._sockets.connect_tcp(str(address), port)
            except httpcore2.ConnectError:
                continue
        if not addresses:
            raise httpcore2.ConnectError("The name has no address.")
        return await self._sockets.connect_tcp(str(addresses[-1]), port)


class _Transport(httpx2.AsyncHTTPTransport):
    """httpx's own, over a pool whose connections are made by ``backend``."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend) -> None:
        self._pool = httpcore2.AsyncConnectionPool(ssl_context=_tls(), network_backend=backend)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except (OSError, AttributeError) as error:  # no socket to ask any more: httpcore lets that through as it is
            raise httpx2.ConnectError("The connection was closed as soon as it was open.") from error


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)  # reading all certificates takes longer than a call
