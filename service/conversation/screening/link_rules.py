"""Rules on links: how many a comment has, and to which domains. Pure."""

import re
from collections.abc import Set
from html import unescape

from service.conversation.screening.findings import Finding, Rule
from service.platform.text.web_urls import host_of

_HREF = re.compile(r'<a href="([^"]*)"')


def links_in(html: str, author_url: str | None) -> list[str]:
    """Return the canonical hosts of all links in the rendered ``html`` and of ``author_url``."""
    return [host for url in [*urls_in(html), *([author_url] if author_url else [])] if (host := host_of(url))]


def urls_in(html: str) -> list[str]:
    """Return the URLs of all links in the rendered ``html``."""
    return [unescape(url) for url in _HREF.findall(html)]


def find_rejected_domain(hosts: list[str], *, reject_link_domains: Set[str]) -> Finding | None:
    """Find a link to one of ``reject_link_domains`` or to a subdomain of it."""
    rejected = next((host for host in hosts if _is_below(host, reject_link_domains)), None)
    return Finding(Rule.REJECT_LINK_DOMAINS, "reject", rejected) if rejected else None


def find_links(hosts: list[str], *, max_links: int | None, allowed_link_domains: Set[str]) -> Finding | None:
    """Find more than ``max_links`` links, not counting links to ``allowed_link_domains``."""
    if max_links is None or len(hosts) <= max_links:
        return None
    counted = [host for host in hosts if not _is_below(host, allowed_link_domains)]
    return Finding(Rule.MAX_LINKS, "hold", str(len(counted))) if len(counted) > max_links else None


def _is_below(host: str, domains: Set[str]) -> bool:
    labels = host.split(".")
    return bool(domains) and any(".".join(labels[first:]) in domains for first in range(len(labels)))
