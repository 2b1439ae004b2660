"""The URLs that a site treats as one: with or without ``www.``, a slash at the end, or tracking parameters. Pure.

The URL of an article is stored as the host gave it, in canonical form (``platform/text/web_urls.py``), and a look-up
tries the equivalent forms of the URL asked for. So a changed setting is valid at once, for all articles.
"""

import re

from service.platform.http.query_parameters import is_tracking
from service.platform.sites.site_settings import SiteSettings
from service.platform.text.web_urls import MAX_LENGTH

_PARTS = re.compile(r"(https?://)([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)


def equivalent_urls(url: str, settings: SiteSettings) -> list[str]:
    """Return the forms of the canonical ``url`` that ``settings`` treat as one, itself first; at most eight."""
    forms = [url]
    if settings.url_ignore_tracking_parameters:
        forms.append(_without_tracking(url))
    if settings.url_ignore_trailing_slash:
        forms += [_with_other_end(form) for form in forms]
    if settings.url_ignore_www:
        forms += [_with_other_host(form) for form in forms]
    return [form for form in dict.fromkeys(forms) if len(form.encode()) <= MAX_LENGTH]


def _without_tracking(url: str) -> str:
    before, mark, rest = url.partition("?")
    query, hash_mark, fragment = rest.partition("#")
    if not mark or "#" in before:
        return url
    kept = "&".join(part for part in query.split("&") if not is_tracking(part.partition("=")[0]))
    return f"{before}{'?' if kept else ''}{kept}{hash_mark}{fragment}"


def _with_other_end(url: str) -> str:
    """Return ``url`` with a slash at the end of its path if it has none, else without it; a bare host keeps it."""
    scheme, host, path, query, fragment = _split(url)
    path = path.rstrip("/") if path.endswith("/") else f"{path}/"
    return f"{scheme}{host}{path or '/'}{query}{fragment}"


def _with_other_host(url: str) -> str:
    scheme, host, *rest = _split(url)
    other = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    return "".join([scheme, other, *rest])


def _split(url: str) -> list[str]:
    parts = _PARTS.fullmatch(url)
    return [part or "" for part in parts.groups()] if parts else [url, "", "", "", ""]
