"""Checks of the settings that are URLs. Each returns what is wrong with the URL, or None."""

import re
from importlib.util import find_spec
from ipaddress import ip_address
from urllib.parse import urlsplit

_LIMITS_URL = re.compile(r"(redis|valkey)(s|\+unix)?://[^\s/]*(:\d{1,5})?(/\S*)?")


def limits_url_fault(url: str | None) -> str | None:
    """Require the URL of a Redis or Valkey server, and the package that speaks with it."""
    if url is None:
        return None
    if not _LIMITS_URL.fullmatch(url):
        return "LIMITS_URL must be a URL such as “redis://127.0.0.1:6379/0”."
    if find_spec("redis") is None:
        return "LIMITS_URL needs the package redis: pip install “onereply[redis]”."
    return None


def akismet_url_fault(url: str) -> str | None:
    """Require https: requests to Akismet contain sites' keys and readers' text."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return "AKISMET_URL is invalid: its host or port is not valid."
    if not host or parts.scheme not in {"http", "https"} or parts.username or parts.query or parts.fragment:
        return "AKISMET_URL must be a URL such as “https://rest.akismet.com”."
    if parts.scheme == "http" and not _is_loopback(host):
        return "AKISMET_URL must be an https URL; http is allowed only for this machine."
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
