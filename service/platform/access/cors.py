"""Which pages of other origins may call a site from the browser (CORS; Fetch Standard, section 3.3).

No credentials are ever allowed: keys and tokens go in a header that the page itself sends, and there are no cookies.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from service.platform.problems import MethodNotAllowed, NotFound
from service.platform.sites.site_lookup import Site

Headers = list[tuple[bytes, bytes]]
EXPOSED = b"Content-Language, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-ID"
PREFLIGHT_SECONDS = 600


def origin_headers(request: Request, site: Site) -> Headers:
    """What lets the page that asks read the answer; nothing for one that may not."""
    if not site.settings.cors_origins:
        return []
    allowed = _allowed_origin(request, site)
    varies = [] if site.settings.cors_origins == "*" else [(b"vary", b"Origin")]
    if allowed is None:
        return varies
    allow = (b"access-control-allow-origin", allowed.encode("latin-1"))
    return [*varies, allow, (b"access-control-expose-headers", EXPOSED)]


def _allowed_origin(request: Request, site: Site) -> str | None:
    origins = site.settings.cors_origins or ""
    if origins == "*":
        return "*"
    origin = request.headers.get("origin")
    return origin if origin is not None and origin in origins.split() else None


def preflight(request: Request, site: Site, methods: Sequence[str]) -> Response:
    """The answer to a browser that asks before it calls; anybody else's OPTIONS is not allowed."""
    if not methods:
        raise NotFound
    if "access-control-request-method" not in request.headers:
        problem = MethodNotAllowed()
        problem.headers["allow"] = ", ".join(methods)
        raise problem
    headers = {"cache-control": "no-store"}
    if _allowed_origin(request, site) is not None:
        headers |= {
            "access-control-allow-methods": ", ".join(methods),
            "access-control-allow-headers": ALLOWED,
            "access-control-max-age": str(PREFLIGHT_SECONDS),
        }
    return Response(status_code=204, headers=headers)
