"""Fingerprints: keyed hashes that recognise a reader without storing their address or e-mail.

A fingerprint is 64 bits of BLAKE2b (RFC 7693) with a key of the installation, over the site, the kind and the value. An
address has its own fingerprint (IPv6: that of its /64, usually one household) and one for each wider range.
"""

import hmac
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal
from uuid import UUID

from service.platform.text.ip_addresses import parse_address
from service.platform.text.web_urls import canonical_host

Kind = Literal["reader", "email", "domain", "address"]  # what can be banned
PREFIXES = {4: (32, 24, 16), 6: (64, 56, 48, 32)}
Network = IPv4Network | IPv6Network


class Fingerprints:
    """Computes fingerprints with the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        # Another label would invalidate every stored fingerprint.
        self._key = hmac.digest(secret_key.encode(), b"onereply marks", "sha256")

    def of_reader(self, site_id: int, reader_id: UUID) -> int:
        """The fingerprint of a reader."""
        return self._fingerprint(site_id, "reader", reader_id.bytes)

    def of_email(self, site_id: int, email: str) -> int:
        """The fingerprint of an e-mail address; case and the spelling of its domain do not matter."""
        name, at, domain = email.rpartition("@")
        return self._fingerprint(site_id, "email", f"{name.casefold()}{at}{canonical_domain(domain)}".encode())

    def of_domain(self, site_id: int, domain: str) -> int:
        """The fingerprint of an e-mail domain in any spelling."""
        return self._fingerprint(site_id, "domain", canonical_domain(domain).encode())

    def of_network(self, site_id: int, network: Network) -> int:
        """The fingerprint of an address range."""
        return self._fingerprint(site_id, "address", b"%d/" % network.prefixlen + network.network_address.packed)

    def of_address(self, site_id: int, address: str) -> list[int]:
        """The fingerprints of an address and its ranges, narrowest first; empty if ``address`` is not an IP address."""
        return [self.of_network(site_id, network) for network in networks_of(address)]

    def of_client(self, site_id: int, client: str) -> str:
        """The fingerprint under which the requests of a ``client`` (an address, reader or name) are counted."""
        return f"{self._fingerprint(site_id, 'client', client.encode('utf-8', 'surrogatepass')):x}"

    def of_author(self, site_id: int, *, reader_id: UUID | None, email: str | None) -> list[int]:
        """Every fingerprint by which an author can be banned, other than those of their address."""
        fingerprints = [self.of_reader(site_id, reader_id)] if reader_id else []
        if email:
            fingerprints.append(self.of_email(site_id, email))
            fingerprints += [self.of_domain(site_id, domain) for domain in _domains(email)]
        return fingerprints

    def _fingerprint(self, site_id: int, kind: Kind | Literal["client"], value: bytes) -> int:
        content = b"%d\0%s\0" % (site_id, kind.encode()) + value
        return int.from_bytes(blake2b(content, key=self._key, digest_size=8).digest(), "big", signed=True)


def networks_of(address: str) -> tuple[Network, ...]:
    """The ranges that contain ``address``, narrowest first; empty if it is not an IP address (a Unix socket)."""
    known = parse_address(address)
    if known is None:
        return ()
    return tuple(ip_network((known, prefix), strict=False) for prefix in PREFIXES[known.version])


def canonical_domain(domain: str) -> str:
    """The canonical form of an e-mail ``domain``; of text that is no domain, its lower case."""
    return canonical_host(domain) or domain.casefold()


def _domains(email: str) -> list[str]:
    """The domain of ``email`` and its parent domains, without the top-level domain."""
    labels = canonical_domain(email.rpartition("@")[2]).rstrip(".").split(".")[-8:]
    return [".".join(labels[first:]) for first in range(len(labels) - 1)]
