"""CSRF protection: which pages may send a write to the service from a reader's browser.

*Why for every route.* CORS does not prevent writes. A page of any origin can send a body without a preflight (Fetch
Standard, ``no-cors``), and so post comments, report and try to log in with its visitors' addresses. Browsers name the
page's origin with every write, and no page can change that: in ``Sec-Fetch-Site`` (Fetch Metadata Request Headers,
section 2.3), or only in ``Origin`` if the service is not served over https. Other clients send neither, and may write.
"""

from typing import ClassVar

from starlette.requests import Request

from service.platform.access.platform_state import ServerState
from service.platform.http.app_state import state_of
from service.platform.http.cors import allowed_origin
from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site
from service.platform.text.web_urls import canonical_origin

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginNotAllowed(Problem):
    """A page of an origin that the site does not list sent a write."""

    status: ClassVar[int] = 403
    slug = "origin-not-allowed"


def require_allowed_origin(request: Request, site: Site) -> None:
    """Refuse a write by a page of another origin that is not in ``cors_origins``; raises OriginNotAllowed."""
    if request.method in READS or is_same_origin(request) or allowed_origin(request, site) is not None:
        return
    if request.headers.get("sec-fetch-site") != "none":  # the reader's own act, not a page's
        raise OriginNotAllowed("The site's setting “cors_origins” lists the origins whose pages may do this.")


def is_same_origin(request: Request) -> bool:
    """Whether a page of this origin sent the request, or a client that names no origin."""
    if fetch_site := request.headers.get("sec-fetch-site"):
        return fetch_site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return True
    # TLS may end at a proxy, so the scheme of the request is not that of the page.
    scheme, base_url = origin.partition("://")[0], state_of(request, ServerState).base_url or ""
    hosts = request.headers.get("host", ""), base_url.partition("://")[2].partition("/")[0]
    return canonical_origin(origin) in {canonical_origin(f"{scheme}://{host}") for host in hosts} - {None}
