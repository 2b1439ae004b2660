"""The client's address behind proxies: the last one in ``X-Forwarded-For`` that no trusted proxy has.

*Why not* Uvicorn's middleware: it trusts no proxy on a Unix socket, compares spellings of addresses, and takes any text
in ``X-Forwarded-For`` for an address.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from service.platform.text.ip_addresses import Address, parse_address

_FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
UNIX = "unix:"  # as nginx writes a client on a Unix socket
MAX_HOPS = 32
MAX_LENGTH = 100  # of an address with brackets, zone and port


class TrustedProxies:
    """ASGI middleware that sets ``client`` and ``scheme`` of the scope from trusted proxies' headers.

    ``proxies`` are addresses and networks. A peer on a Unix socket is always trusted: the permissions of the socket say
    who may connect.
    """

    def __init__(self, app: ASGIApp, proxies: Iterable[str]) -> None:
        self._app, self._networks = app, [network for each in proxies if (network := parse_proxy(each))]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for name, _ in scope["headers"]:
                if name in _FORWARDED:
                    self._apply(scope)
                    break
        await self._app(scope, receive, send)

    def _apply(self, scope: Scope) -> None:
        if not self._trusts_peer(scope):
            return
        if client := self._client_in(_header(scope, b"x-forwarded-for")):
            scope["client"] = (str(client), 0)
        # In a chain, the first proxy names the reader's scheme; the others append those between them.
        scheme = _header(scope, b"x-forwarded-proto").partition(",")[0].strip().lower()
        if scheme in {"http", "https"}:
            scope["scheme"] = scheme

    def _trusts_peer(self, scope: Scope) -> bool:
        if scope.get("client") is None:
            server = scope.get("server")
            return server is not None and server[1] is None  # a Unix socket (ASGI, HTTP connection scope)
        address = parse_address(scope["client"][0])
        return address is not None and self._trusts(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _client_in(self, forwarded: str) -> Address | None:
        """Return the nearest address that is not trusted, else the farthest; None if there is none.

        Each proxy appends the address of its client, so all before the first untrusted one may be made up.
        """
        client = None
        for each in reversed(forwarded.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
            text = each.strip()
            if not text or text.lower().startswith(UNIX):  # empty elements count for nothing (RFC 9110, section 5.6.1)
                continue
            address = parse_address(text.strip('"')) if len(text) <= MAX_LENGTH else None
            if address is None:
                break
            client = address
            if not self._trusts(address):
                break
        return client


def parse_proxy(text: str) -> IPv4Network | IPv6Network | None:
    """Parse an address or network of a trusted proxy; None for a Unix socket (``unix:``). Raises ValueError."""
    if text == UNIX:
        return None
    host, slash, bits = text.partition("/")
    address = parse_address(host)
    if address is None:
        raise ValueError(text)
    return ip_network(f"{address}{slash}{bits}", strict=False)


def _header(scope: Scope, name: bytes) -> str:
    """Return the values of a header as one list (RFC 9110, section 5.3)."""
    return b",".join(value for key, value in scope["headers"] if key == name).decode("latin-1")
