"""Authorization between route and handler: site, origin, caller, rate limits, role."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.caller import Caller, CallerKinds, admit
from service.platform.access.rate_limits import LimitStatus, RateLimited
from service.platform.http.app_state import gate_of
from service.platform.http.conditional import conditional
from service.platform.http.cors import origin_headers, preflight
from service.platform.http.csrf import require_allowed_origin
from service.platform.http.query_parameters import require_known_parameters
from service.platform.http.raw_routes import Handler, allowed_methods, path_parameter
from service.platform.http.request_log import add_headers
from service.platform.http.request_origin import client_address
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site

SiteHandler = Callable[[Request, Caller], Awaitable[Response]]


def guarded(handler: SiteHandler, who: CallerKinds, parameters: Collection[str] = ()) -> Handler:
    """Wrap ``handler`` so that only callers in ``who`` reach it, with no query parameter that is not in ``parameters``.

    The path must have a ``{site}``.
    """

    async def guard(request: Request) -> Response:
        gate = gate_of(request)
        site = await _site_of(request)
        require_allowed_origin(request, site)
        caller, limit = await gate.identify_and_count(
            site, authorization=request.headers.get("authorization"), address=client_address(request)
        )
        if limit and not (caller.is_anonymous and request.method in {"GET", "HEAD"}):
            add_limit_headers(request, [limit])
        admit(caller, who)
        require_known_parameters(request, parameters)
        return conditional(request, await handler(request, caller))

    return guard


def limited(handler: Handler) -> Handler:
    """Wrap ``handler``, which belongs to no site, with the installation's limit per address."""

    async def count(request: Request) -> Response:
        await gate_of(request).count_open(client_address(request))
        return await handler(request)

    return count


async def find_site(request: Request) -> Site:
    """Find the site in the path; a request for an unknown one counts as a request to no site."""
    gate = gate_of(request)
    try:
        return await gate.sites.find(path_parameter(request, "site"))
    except NotFound:
        await gate.count_open(client_address(request))
        raise


async def answer_preflight(request: Request) -> Response:
    """Answer a CORS preflight request."""
    site = await _site_of(request)
    methods = allowed_methods(request.app.routes, request.scope)
    return preflight(request, site, [method for method in methods if method != "OPTIONS"])


async def _site_of(request: Request) -> Site:
    """Find the site in the path, and add its language and CORS headers to the answer."""
    site = await find_site(request)
    request.scope["site_locale"] = site.locale
    add_headers(request.scope, origin_headers(request, site))
    return site


async def enforce_post_limits(request: Request, caller: Caller, *, draft: dict[str, Any] | None = None) -> None:
    """Count an edit, a report or an appeal as a post; over a limit, raises RateLimited with the ``draft``."""
    limits = await gate_of(request).count_post(caller, client_address(request))
    add_limit_headers(request, limits.statuses)
    if limits.exceeded:
        raise RateLimited(limits.exceeded, **({} if draft is None else {"draft": draft}))


def add_limit_headers(request: Request, statuses: Iterable[LimitStatus]) -> None:
    """Add the rate limit headers to the answer, which must not be a shared one."""
    for status in statuses:
        add_headers(request.scope, [(name.encode(), value.encode()) for name, value in status.headers().items()])
