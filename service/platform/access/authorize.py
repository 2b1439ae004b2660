"""Authorization between route and handler: find the site, identify the caller, apply rate limits, check the role."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.api_keys import Keys
from service.platform.access.author_tokens import AuthorTokens
from service.platform.access.caller import Caller, Who, admit, identify
from service.platform.access.cors import origin_headers, preflight
from service.platform.access.fingerprints import Fingerprints
from service.platform.access.host_tokens import HostTokens
from service.platform.access.passwords import Passwords
from service.platform.access.rate_limits import LimitStatus, RateLimited, RateLimits, address_of
from service.platform.access.sessions import Sessions
from service.platform.http.conditional import conditional
from service.platform.http.raw_routes import Handler, allowed_methods, path_parameter
from service.platform.http.request_log import add_headers
from service.platform.problems import Unauthenticated
from service.platform.sites.site_lookup import Site, Sites

SiteHandler = Callable[[Request, Caller], Awaitable[Response]]


class Gate(msgspec.Struct, frozen=True):
    """The services that identify and limit callers; the app stores one as ``app.state.doorkeeper``."""

    sites: Sites
    keys: Keys
    tokens: AuthorTokens
    host_tokens: HostTokens
    limits: RateLimits
    marks: Fingerprints
    sessions: Sessions
    passwords: Passwords


def guarded(handler: SiteHandler, who: Who) -> Handler:
    """Wrap ``handler`` so that only callers in ``who`` reach it; the path must have a ``{site}``."""

    async def guard(request: Request) -> Response:
        doorkeeper = gate_of(request)
        site = await _site_of(request, doorkeeper)
        caller = await _counted_caller(request, site, doorkeeper)
        admit(caller, who)
        return conditional(request, await handler(request, caller))

    return guard


async def answer_preflight(request: Request) -> Response:
    """Answer a CORS preflight request."""
    site = await _site_of(request, gate_of(request))
    methods = allowed_methods(request.app.routes, request.scope)
    return preflight(request, site, [method for method in methods if method != "OPTIONS"])


async def _site_of(request: Request, doorkeeper: Gate) -> Site:
    """Find the site in the path, and add its language and CORS headers to the answer."""
    site = await doorkeeper.sites.find(path_parameter(request, "site"))
    request.scope["site_locale"] = site.locale
    add_headers(request.scope, origin_headers(request, site))
    return site


async def _counted_caller(request: Request, site: Site, doorkeeper: Gate) -> Caller:
    """Identify the caller and apply the rate limits.

    A request with an invalid key counts against its address, like one without a key.
    """
    try:
        caller = await identify(
            request,
            site,
            keys=doorkeeper.keys,
            tokens=doorkeeper.tokens,
            host_tokens=doorkeeper.host_tokens,
            sessions=doorkeeper.sessions,
        )
    except Unauthenticated:
        count_address(request, site, doorkeeper.limits)
        raise
    if holder := caller.key_id or caller.moderator_id:
        standing = doorkeeper.limits.count("request-limit-per-key", site.settings.request_limit_per_key, site, holder)
    else:
        standing = count_address(request, site, doorkeeper.limits)
    if standing and not (caller.is_anonymous and request.method in {"GET", "HEAD"}):
        tell_standing(request, standing)
    return caller


def count_post(request: Request, caller: Caller, *, draft: dict[str, Any] | None = None) -> RateLimited | None:
    """Count a post against its limits. Returns the problem, with the ``draft`` in it, if a limit is exceeded."""
    if caller.role:
        return None
    limits, settings = gate_of(request).limits, caller.site.settings
    counted = {"post-limit-per-address": (settings.post_limit_per_address, address_of(request))}
    if caller.reader_id:
        counted["post-limit-per-reader"] = settings.post_limit_per_reader, str(caller.reader_id)
    try:
        for policy, (rates, who) in counted.items():
            standing = limits.count(policy, rates, caller.site, who) if who else None
            if standing:
                tell_standing(request, standing)
    except RateLimited as problem:
        if draft is not None:
            problem.members["draft"] = draft
        return problem
    return None


def count_address(request: Request, site: Site, limits: RateLimits) -> LimitStatus | None:
    """Count a request against its address; raises RateLimited."""
    address, rates = address_of(request), site.settings.request_limit_per_address
    return limits.count("request-limit-per-address", rates, site, address) if address else None


def tell_standing(request: Request, standing: LimitStatus) -> None:
    """Add the rate limit headers to the answer, which must not be a shared one."""
    add_headers(request.scope, [(name.encode(), value.encode()) for name, value in standing.headers().items()])


def gate_of(request: Request) -> Gate:
    """The app's :class:`Gate`."""
    doorkeeper = request.app.state.doorkeeper
    assert isinstance(doorkeeper, Gate)
    return doorkeeper
