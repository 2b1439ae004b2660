"""Parse IP addresses as servers and proxies write them. Pure."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address

_WITH_PORT = re.compile(r"\[([^\[\]]*)\](?::\d*)?|([\d.]+):\d*", re.ASCII)


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """Parse ``text`` as an IP address; None if it is anything else, such as the path of a Unix socket.

    Brackets, a port and an IPv6 zone (RFC 4007) are dropped: ``[fe80::1%eth0]:5555`` is ``fe80::1``. A zone names an
    interface of the machine that wrote it. An IPv4-mapped IPv6 address is the IPv4 address. Never raises.
    """
    with_port = _WITH_PORT.fullmatch(text)
    host = (with_port[1] or with_port[2] or "") if with_port else text
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
