"""Cacheable routes: public responses that are the same for every caller with one language."""

from collections.abc import Callable, Hashable, Iterable

from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.caller import Caller
from service.platform.http.app_state import state_of
from service.platform.http.authorize import SiteHandler
from service.platform.http.conditional import PublicResponse
from service.platform.http.path_ids import requested_articles
from service.platform.http.raw_routes import raw_path
from service.platform.http.request_origin import locale_of
from service.reading.cache.response_cache import CacheState


def whole_site(_request: Request) -> list[str | None]:
    """Depend on the whole site: any event of the site invalidates the response."""
    return [None]


def cached(
    handler: SiteHandler,
    *,
    vary_by: Callable[[Request], Hashable] = lambda _: None,
    depends_on: Callable[[Request], Iterable[str | None]] = requested_articles,
) -> SiteHandler:
    """Cache the public responses of ``handler`` until an event of an article in ``depends_on`` invalidates them.

    The cache key is the site, the language, the request target and the value of ``vary_by``. A response with absolute
    links to the service needs ``vary_by=base_url_of``. Callers who are not anonymous bypass the cache.
    """

    async def send(request: Request, caller: Caller) -> Response:
        if not caller.is_anonymous:
            return await handler(request, caller)
        site = caller.site
        key = (
            site.id,
            site.revision,
            locale_of(request, caller),
            raw_path(request.scope),
            request.scope["query_string"],
            vary_by(request),
        )

        async def make() -> PublicResponse:
            response = await handler(request, caller)
            assert isinstance(response, PublicResponse)
            return response

        cache = state_of(request, CacheState).response_cache
        return await cache.get(key, make, depends_on=lambda: [(site.id, article) for article in depends_on(request)])

    return send
