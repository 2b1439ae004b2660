"""Answer hot public reads ahead of routes, limits of the site, log and metrics, from prepared bytes.

The first request for a path goes the usual way (``cacheable.py``), which remembers its answer here. The next one with
the same path, query and varying headers gets it after one look-up, while the response is still cached and current
(promise 8), its site has not changed, and its address is within the site's rate limit. In any doubt a request goes the
usual way, which answers the same.

*Why*: of the 90 µs that a cached page took, 70 were spent on finding out that it was cached.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.platform import clock
from service.platform.access.gate import Gate
from service.platform.http.conditional import NOT_MODIFIED_HEADERS, encoded, is_same_tag
from service.platform.http.request_log import NO_SNIFFING, request_id_of
from service.platform.metrics import READS, count_requests
from service.platform.sites.site_lookup import Site
from service.reading.cache.response_cache import CachedResponse, ResponseCache

MAX_PATHS = 20_000
MAX_VARIANTS = 64  # of a path
MAX_READERS = 1_000  # of a variant
FLUSH_SECONDS = 1.0
# The headers on which an answer depends, by their place in the key of a variant. Others change nothing.
_LANGUAGE, _CODING, _ORIGIN, _HOST, _TAG, _REQUEST_ID, _TOKEN = range(7)
_PLACES = {
    b"accept-language": _LANGUAGE,
    b"accept-encoding": _CODING,
    b"origin": _ORIGIN,
    b"host": _HOST,
    b"if-none-match": _TAG,
    b"x-request-id": _REQUEST_ID,
    b"authorization": _TOKEN,
}
_Headers = list[tuple[bytes, bytes]]
_Given = list[bytes | None]
log = structlog.get_logger("onereply.request")


class HotResponse:
    """A prepared answer: the cached response behind it, and its headers and body as they are sent.

    ``readers`` are the ``Authorization`` headers for which it was made; empty if it is for anyone.
    """

    __slots__ = ("body", "entry", "headers", "hits", "not_modified", "readers", "route", "seconds", "tag")

    def __init__(self, entry: CachedResponse, route: str, headers: _Headers, body: bytes, tag: str) -> None:
        self.entry, self.route, self.tag = entry, route, tag
        self.headers = headers
        self.readers: set[bytes] = set()
        kept = {name.encode() for name in NOT_MODIFIED_HEADERS} | {NO_SNIFFING[0]}
        self.not_modified = [each for each in headers if each[0] in kept or each[0].startswith(b"access-control-")]
        self.body: Message = {"type": "http.response.body", "body": body}
        self.hits = [0, 0]  # whole answers, and 304
        self.seconds = 0.0


class HotPath:
    """The prepared answers of one path and query, by the headers on which they depend at this ``site``.

    ``admit`` notes the use of a host, for answers with links to the host of the request.
    """

    __slots__ = ("admit", "by_origin", "responses", "site")

    def __init__(self, site: Site, admit: Callable[[], bool] | None) -> None:
        self.site, self.admit = site, admit
        self.by_origin = site.settings.cors_origins not in {None, "", "*"}
        self.responses: dict[tuple[bytes | None, ...], HotResponse] = {}

    def key(self, given: _Given) -> tuple[bytes | None, ...]:
        """Return the values of the varying headers; of a token only that there is one."""
        origin = given[_ORIGIN] if self.by_origin else None
        is_named = None if given[_TOKEN] is None else b""
        return given[_LANGUAGE], given[_CODING], origin, given[_HOST] if self.admit else None, is_named


class HotResponses:
    """The prepared answers of this process, by raw path and query."""

    def __init__(self, cache: ResponseCache, gate: Gate) -> None:
        self._cache, self._gate = cache, gate
        self._paths: OrderedDict[tuple[bytes, bytes], HotPath] = OrderedDict()
        self._counted: dict[HotResponse, None] = {}
        self._flush: asyncio.TimerHandle | None = None

    def find(self, scope: Scope, given: _Given) -> HotResponse | None:
        """Return the answer to this read, or None; ``given`` is filled with the headers on which it depends."""
        path = self._paths.get((scope["raw_path"], scope["query_string"]))
        if path is None or not _read_headers(scope, given):
            return None
        hot, token = path.responses.get(path.key(given)), given[_TOKEN]
        if hot is None or (token is not None and token not in hot.readers):
            return None
        now = clock.now()
        if not (self._cache.is_fresh(hot.entry, now) and self._gate.sites.is_current(path.site, now)):
            return None
        if path.admit and not path.admit():
            return None
        return hot if self._gate.is_within_limit(path.site, scope["client"]) else None

    def remember(
        self, scope: Scope, site: Site, entry: CachedResponse, *, added: _Headers, admit: Callable[[], bool] | None
    ) -> None:
        """Prepare the answer of ``entry`` to the request in ``scope``; ``added`` are its headers besides.

        A reader's token in the request must be valid, and the answer theirs while ``entry`` is cached.
        """
        address, given = scope.get("hot_key"), _nothing_given()
        if address is None or not _read_headers(scope, given):
            return
        path = self._paths.get(address)
        if path is None or path.site is not site:
            path = self._paths[address] = HotPath(site, admit)
            if len(self._paths) > MAX_PATHS:
                self._paths.popitem(last=False)
        token, known = given[_TOKEN], path.responses.get(path.key(given))
        if token is not None and known and known.entry is entry and len(known.readers) < MAX_READERS:
            known.readers.add(token)
            return
        if len(path.responses) >= MAX_VARIANTS:
            path.responses.clear()
        response = entry.response.result() if token is None else entry.response.result().as_private()
        sent = encoded(response, (given[_CODING] or b"").decode("latin-1"))
        headers, tag = [*sent.raw_headers, NO_SNIFFING, *added], response.headers["etag"]
        hot = path.responses[path.key(given)] = HotResponse(entry, scope["route_path"], headers, bytes(sent.body), tag)
        if token is not None:
            hot.readers.add(token)

    def count(self, hot: HotResponse, *, is_modified: bool, seconds: float) -> None:
        """Count an answer; the metrics get it within a second."""
        hot.entry.is_used = True
        hot.hits[not is_modified] += 1
        hot.seconds += seconds
        self._counted[hot] = None
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Add the counted answers to the metrics."""
        self._flush = None
        counted, self._counted = self._counted, {}
        for hot in counted:
            hits, seconds = sum(hot.hits), hot.seconds
            for status, number in zip(("200", "304"), hot.hits, strict=True):
                count_requests("GET", hot.route, status, number=number, seconds=seconds * number / hits)
            READS.labels("cache").inc(hits)
            hot.hits, hot.seconds = [0, 0], 0.0


class HotReads:
    """ASGI middleware that answers from :class:`HotResponses`, and passes other requests on."""

    def __init__(self, app: ASGIApp, responses: HotResponses, *, logs: bool) -> None:
        self._app, self._responses, self._logs = app, responses, logs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        started, given = perf_counter(), _nothing_given()
        hot = self._responses.find(scope, given)
        if hot is None:
            scope["hot_key"] = scope["raw_path"], scope["query_string"]
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(given[_REQUEST_ID])
        known = given[_TAG]
        is_modified = known is None or not is_same_tag(known, hot.tag)
        headers = hot.headers if is_modified else hot.not_modified
        status = 200 if is_modified else 304
        start = {"type": "http.response.start", "status": status, "headers": [*headers, (b"x-request-id", request_id)]}
        await send(start)
        await send(hot.body if is_modified else _NOTHING)
        seconds = perf_counter() - started
        self._responses.count(hot, is_modified=is_modified, seconds=seconds)
        if self._logs:
            ms = round(seconds * 1000, 1)
            fields = {"method": "GET", "path": scope["path"], "status": status, "request_id": request_id.decode()}
            log.info("request", **fields, ms=ms)


_NOTHING: Message = {"type": "http.response.body", "body": b""}


def _nothing_given() -> _Given:
    return [None, None, None, None, None, None, None]


def _read_headers(scope: Scope, given: _Given) -> bool:
    """Fill ``given``; False if a header is repeated."""
    for name, value in scope["headers"]:
        place = _PLACES.get(name)
        if place is not None:
            if given[place] is not None:
                return False
            given[place] = value
    return True
