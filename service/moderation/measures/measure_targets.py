"""Whom a measure is about: a reader, an e-mail, a domain or an address range, by value or from a comment."""

from ipaddress import ip_network
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import find_comment, no_comment
from service.conversation.comments.model import CommentRow
from service.conversation.threads.model import ThreadRow
from service.platform.access.fingerprints import PREFIXES, Fingerprints, Kind, canonical_domain, networks_of
from service.platform.problems import InvalidField
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site
from service.platform.text.ip_addresses import parse_address
from service.platform.text.web_urls import canonical_host

ADDRESS_FORMATS = "Must be an address, or an IPv4 range /16 or /24, or an IPv6 range /32, /48, /56 or /64."


class Target(NamedTuple):
    """The target of a measure: its fingerprint, and the masked text that moderators see."""

    kind: Kind
    fingerprint: int
    masked_value: str
    reader_id: UUID | None = None


def target_of(fingerprints: Fingerprints, site: Site, kind: Kind, value: str) -> Target:
    """Parse ``value`` into a target; raises InvalidField."""
    match kind:
        case "reader":
            return _reader(fingerprints, site, _id(value))
        case "email":
            return _email(fingerprints, site, value)
        case "domain":
            return _domain(fingerprints, site, value)
        case "address":
            return _network(fingerprints, site, value)


async def target_from_comment(
    connection: AsyncConnection,
    fingerprints: Fingerprints,
    site: Site,
    kind: Kind,
    comment_id: UUID,
    *,
    sections: Sections = None,
) -> Target:
    """Return the target of that ``kind`` from a comment's author; raises NotFound, or InvalidField if unknown.

    A comment outside ``sections`` is not found.
    """
    comment, thread = await find_comment(connection, site, comment_id)
    if sections is not None and thread.section not in sections:
        raise no_comment()
    if kind == "reader":
        return _reader(fingerprints, site, comment.reader_id)
    if kind == "address" and comment.address_fingerprint is not None:
        return Target(kind, comment.address_fingerprint, "address of a comment", comment.reader_id)
    if kind == "email" and comment.author_email:
        return _email(fingerprints, site, comment.author_email)._replace(reader_id=comment.reader_id)
    if kind == "domain" and comment.author_email:
        return _domain(fingerprints, site, comment.author_email.rpartition("@")[2])
    raise InvalidField(f"The comment's author has no {kind}. Choose another kind.", pointer="/comment")


def _domain(fingerprints: Fingerprints, site: Site, value: str) -> Target:
    domain = canonical_host(value.strip().removeprefix("@")) or ""
    if "." not in domain:
        raise InvalidField("“value” must be a domain with at least two labels, such as mail.example.", pointer="/value")
    return Target("domain", fingerprints.of_domain(site.id, domain), domain)


def _id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise InvalidField("“value” must be a reader's id, which is a UUID.", pointer="/value") from None


def _reader(fingerprints: Fingerprints, site: Site, reader_id: UUID) -> Target:
    return Target("reader", fingerprints.of_reader(site.id, reader_id), str(reader_id), reader_id)


def _email(fingerprints: Fingerprints, site: Site, email: str) -> Target:
    name, at, domain = email.strip().rpartition("@")
    if not (name and at and domain):
        raise InvalidField("“value” must be an e-mail address, such as name@mail.example.", pointer="/value")
    return Target("email", fingerprints.of_email(site.id, f"{name}@{domain}"), f"{name[0]}…@{canonical_domain(domain)}")


def _network(fingerprints: Fingerprints, site: Site, value: str) -> Target:
    try:
        network = ip_network(parse_address(value.strip()) or value.strip(), strict=False)
    except ValueError:
        raise InvalidField(ADDRESS_FORMATS, pointer="/value") from None
    if network.num_addresses == 1:  # use the narrowest range that has a fingerprint
        network = networks_of(str(network.network_address))[0]
    if network.prefixlen not in PREFIXES[network.version]:
        raise InvalidField(ADDRESS_FORMATS, pointer="/value")
    return Target("address", fingerprints.of_network(site.id, network), f"IPv{network.version} /{network.prefixlen}")


async def require_reader(connection: AsyncConnection, site: Site, target: Target) -> None:
    """Raise InvalidField if ``target`` is a reader who never posted, since a mistaken id would have no effect."""
    if target.reader_id is None:
        return
    posted = select(CommentRow.id).join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
    own = posted.where(CommentRow.reader_id == target.reader_id, ThreadRow.site_id == site.id)
    if await connection.scalar(own.limit(1)) is None:
        raise InvalidField("“value” must be the id of a reader who has posted at this site.", pointer="/value")
