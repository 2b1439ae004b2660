"""CORS: which origins may call a site from the browser (Fetch Standard, section 3.3).

Credentials mode is never allowed: pages send keys and tokens in a header, and there are no cookies.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from service.platform.problems import MethodNotAllowed, NotFound
from service.platform.sites.site_lookup import Site
from service.platform.text.web_urls import canonical_origin

Headers = list[tuple[bytes, bytes]]
EXPOSED = b"Content-Language, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-ID"
PREFLIGHT_SECONDS = 600


def origin_headers(request: Request, site: Site) -> Headers:
    """The CORS headers of an answer; without ``Access-Control-Allow-Origin`` if the origin is not allowed."""
    if not site.settings.cors_origins:
        return []
    allowed = allowed_origin(request, site)
    varies = [] if site.settings.cors_origins == "*" else [(b"vary", b"Origin")]
    if allowed is None:
        return varies
    allow = (b"access-control-allow-origin", allowed.encode("latin-1"))
    return [*varies, allow, (b"access-control-expose-headers", EXPOSED)]


def allowed_origin(request: Request, site: Site) -> str | None:
    """The value of ``Access-Control-Allow-Origin``; None if the request's origin is not in ``cors_origins``."""
    origins = site.settings.cors_origins or ""
    if origins == "*":
        return "*"
    origin = request.headers.get("origin")
    return origin if origin is not None and canonical_origin(origin) in origins.split() else None


def preflight(request: Request, site: Site, methods: Sequence[str]) -> Response:
    """Answer a preflight request; any other OPTIONS request gets 405."""
    if not methods:
        raise NotFound
    if "access-control-request-method" not in request.headers:
        problem = MethodNotAllowed()
        problem.headers["allow"] = ", ".join(methods)
        raise problem
    headers = {"cache-control": "no-store"}
    if allowed_origin(request, site) is not None:
        headers |= {
            "access-control-allow-methods": ", ".join(methods),
            "access-control-allow-headers": ALLOWED,
            "access-control-max-age": str(PREFLIGHT_SECONDS),
        }
    return Response(status_code=204, headers=headers)
