"""Cacheable routes: public responses that are the same for every caller with one language.

The cache key is a normal form, so that no spelling of a request makes the same response again: the site, the language,
the route, the decoded parameters of the path, and the values of the query, whether given or by default.

A response with absolute links is made once for all hosts. Its links begin with :data:`ANY_HOST`, which is replaced by
the base URL. That takes a hundredth of the time.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import partial
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.own_comments import wrote_in_article
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, state_of
from service.platform.http.authorize import SiteHandler
from service.platform.http.base_url import base_url_of
from service.platform.http.conditional import PublicResponse
from service.platform.http.cors import origin_headers
from service.platform.http.decode import decode_query
from service.platform.http.path_ids import article_of, requested_articles
from service.platform.http.raw_routes import path_parameter, query_of
from service.platform.http.request_origin import locale_of
from service.reading.cache.cache_state import CacheState
from service.reading.cache.response_cache import Article

Query = type[msgspec.Struct] | None
LinkHandler = Callable[[Request, Caller, str], Awaitable[Response]]
DependsOn = Callable[[Request], Iterable[str | None]]
LocaleOf = Callable[[Request, Caller], str]
ANY_HOST = f"onereply-{uuid4().hex}"  # no client knows it, so it is in no comment


def whole_site(_request: Request) -> list[str | None]:
    """Depend on the whole site: any event of the site invalidates the response."""
    return [None]


def cached(
    handler: SiteHandler,
    query: Query = None,
    *,
    depends_on: DependsOn = requested_articles,
    shows_own: bool = False,
) -> SiteHandler:
    """Cache the public responses of ``handler`` until an event of an article in ``depends_on`` invalidates them.

    ``query`` is the struct of its query parameters. Callers with a key bypass the cache. If the response ``shows_own``
    comments, so do readers who wrote something in its article.
    """

    async def send(request: Request, caller: Caller) -> Response:
        if caller.role:
            return await handler(request, caller)
        anyone = caller.as_anyone()

        async def make() -> PublicResponse:
            return _public(await handler(request, anyone))

        key = _key(request, anyone, query, locale_of)
        response = await _get(request, caller, key, make, depends_on, shows_own=shows_own)
        return response or await handler(request, caller)

    return send


def cached_with_links(
    handler: LinkHandler,
    query: Query = None,
    *,
    depends_on: DependsOn = requested_articles,
    shows_own: bool = False,
    locale_of: LocaleOf = locale_of,
) -> SiteHandler:
    """Cache as :func:`cached` does; ``handler`` gets the base URL of its absolute links.

    ``locale_of`` returns the locale of a response.

    While no base URL is set, responses are cached for the hosts in ``known_hosts``; for another host the links are set
    for each request, and the response is not compressed. Readers whom the host signed in bypass the cache.
    """

    async def send(request: Request, caller: Caller) -> Response:
        state, base_url = state_of(request, CacheState), base_url_of(request)
        if caller.role or caller.profile:
            return await handler(request, caller, base_url)
        anyone = caller.as_anyone()
        key = _key(request, anyone, query, locale_of)

        async def make() -> PublicResponse:
            return _public(await handler(request, anyone, ANY_HOST))

        async def make_for_host() -> PublicResponse:
            shared = (
                await make() if state.base_url else await _get_shared(request, caller, (*key, None), make, depends_on)
            )
            return shared.with_base_url(base_url, instead_of=ANY_HOST)

        if state.base_url or state.known_hosts.admit(base_url):
            admit = None if state.base_url else partial(state.known_hosts.admit, base_url)
            whole_key = (*key, base_url)
            response = await _get(
                request, caller, whole_key, make_for_host, depends_on, shows_own=shows_own, admit=admit
            )
            return response or await handler(request, caller, base_url)
        if not caller.is_anonymous:
            return await handler(request, caller, base_url)
        response = await make_for_host()
        return Response(response.body, response.status_code, dict(response.headers))

    return send


def _public(response: Response) -> PublicResponse:
    assert isinstance(response, PublicResponse)
    return response


def _key(request: Request, caller: Caller, query: Query, locale_of: LocaleOf) -> tuple[Hashable, ...]:
    parameters = (
        tuple(query_of(request).multi_items())
        if query is None
        else msgspec.structs.astuple(decode_query(request, query))
    )
    in_path = tuple(path_parameter(request, name) for name in request.path_params if name != "site")
    locale = locale_of(request, caller)
    return (caller.site.id, caller.site.revision, locale, request.scope["route_path"], in_path, parameters)


async def _get(
    request: Request,
    caller: Caller,
    key: tuple[Hashable, ...],
    make: Callable[[], Awaitable[PublicResponse]],
    depends_on: DependsOn,
    *,
    shows_own: bool,
    admit: Callable[[], bool] | None = None,
) -> PublicResponse | None:
    """Return the response from the cache, and remember it for hot reads of the same address.

    Returns None if the caller is a reader who wrote something in the article. What they write after that look-up
    invalidates a response that was made before it; else they are looked up again.
    """
    state = state_of(request, CacheState)
    made_before = state.response_cache.entry(key)
    if shows_own and caller.reader_id and await _wrote_in_article(request, caller):
        return None
    response = await _get_shared(request, caller, key, make, depends_on)
    entry = state.response_cache.entry(key)
    if shows_own and caller.reader_id and entry is not made_before and await _wrote_in_article(request, caller):
        return None
    if entry and entry.response.result() is response and not caller.profile:
        added = origin_headers(request, caller.site)
        state.hot_responses.remember(request.scope, caller.site, entry, added=added, admit=admit)
    return response if caller.is_anonymous else response.as_private()


async def _wrote_in_article(request: Request, caller: Caller) -> bool:
    assert caller.reader_id
    async with database_of(request).read() as connection:
        return await wrote_in_article(connection, caller.site.id, caller.reader_id, article_of(request))


async def _get_shared(
    request: Request,
    caller: Caller,
    key: tuple[Hashable, ...],
    make: Callable[[], Awaitable[PublicResponse]],
    depends_on: DependsOn,
) -> PublicResponse:
    def articles() -> list[Article]:
        return [(caller.site.id, article) for article in depends_on(request)]

    return await state_of(request, CacheState).response_cache.get(key, make, depends_on=articles)
