"""Conditional requests (RFC 9110, section 13) and the cache lifetime of answers (RFC 9111)."""

import gzip
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b

import msgspec
from starlette.requests import Request
from starlette.responses import Response

MAX_AGE = timedelta(seconds=5)
GZIP_LEVEL = 6
MIN_COMPRESSED_BYTES = 1_000  # bytes; a shorter answer fits into one packet anyway


def entity_tag(*parts: object) -> str:
    """A weak entity tag from all inputs of the answer."""
    digest = blake2b("\0".join(map(str, parts)).encode(), digest_size=12)
    return f'W/"{digest.hexdigest()}"'


def is_not_modified(request: Request, tag: str) -> bool:
    """Whether ``If-None-Match`` contains ``tag``, by weak comparison."""
    given = request.headers.get("if-none-match")
    return given is not None and _contains_tag(given, tag)


def _contains_tag(given: str, tag: str) -> bool:
    opaque = tag.removeprefix("W/")
    return given.strip() == "*" or any(one.strip().removeprefix("W/") == opaque for one in given.split(","))


def public_headers(tag: str, *, locale: str, now: datetime, until: datetime | None = None) -> dict[str, str]:
    """The headers of a public answer that is fresh for :data:`MAX_AGE`, but not past ``until``."""
    age = MAX_AGE if until is None else max(timedelta(0), min(MAX_AGE, until - now))
    return {
        "etag": tag,
        "cache-control": f"public, max-age={int(age.total_seconds())}",
        "content-language": locale,
        "vary": "Accept-Encoding, Accept-Language, Authorization",
    }


class PublicResponse(Response):
    """An answer that is the same for everyone and so may be cached and shared.

    ``content`` is encoded as JSON, unless ``media_type`` says that it is another kind of text. From ``until`` on, the
    answer changes even if no event occurs.
    """

    def __init__(
        self,
        content: object,
        *,
        tag: str,
        locale: str,
        now: datetime,
        until: datetime | None = None,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> None:
        self._tag = tag
        self._with = partial(
            PublicResponse, locale=locale, now=now, until=until, headers=headers, media_type=media_type
        )
        headers = {**public_headers(tag, locale=locale, now=now, until=until), **(headers or {})}
        body = (
            content if isinstance(content, bytes) or media_type != "application/json" else msgspec.json.encode(content)
        )
        super().__init__(body, 200, headers, media_type=media_type)
        self.body: bytes  # Starlette also allows a memoryview
        self._until = until
        self._compressed: bytes | None = None

    def compressed(self) -> bytes:
        """The body in gzip (RFC 1952), compressed on first use and cached."""
        if self._compressed is None:
            self._compressed = gzip.compress(self.body, GZIP_LEVEL, mtime=0)
        return self._compressed

    def with_base_url(self, base_url: str, *, instead_of: str) -> "PublicResponse":
        """The same HTML or XML with links that begin with ``base_url``, and an entity tag that says so."""
        body = self.body.replace(instead_of.encode(), base_url.encode())
        return self._with(body, tag=entity_tag(self._tag, base_url))

    def as_private(self) -> "PublicResponse":
        """The same response for a reader whose own comments may be added to it later: it is revalidated each time."""
        response = self._with(self.body, tag=self._tag)
        response.headers["cache-control"] = PRIVATE["cache-control"]
        response._compressed = self._compressed
        return response

    def is_expired(self, now: datetime) -> bool:
        """Whether the cached response is too old to reuse at ``now``, because ``max-age`` would go past ``until``."""
        return self._until is not None and now > self._until - MAX_AGE


def is_same_tag(given: bytes, tag: str) -> bool:
    """Whether the ``If-None-Match`` header ``given`` contains ``tag``."""
    return given == tag.encode() or _contains_tag(given.decode("latin-1"), tag)


def conditional(request: Request, response: Response) -> Response:
    """Return ``response``, compressed if it is public, or 304 if the client already has it."""
    tag = response.headers.get("etag")
    if tag is None or request.method not in {"GET", "HEAD"} or not is_not_modified(request, tag):
        return encoded(response, request.headers.get("accept-encoding", ""))
    return not_modified({name: response.headers[name] for name in NOT_MODIFIED_HEADERS if name in response.headers})


def encoded(response: Response, accept_encoding: str) -> Response:
    """Compress ``response`` with gzip if the client accepts it (RFC 9110, section 12.5.3).

    Only long public answers are compressed: the length of a compressed answer with a secret could reveal it (BREACH).
    """
    if not isinstance(response, PublicResponse) or len(response.body) < MIN_COMPRESSED_BYTES:
        return response
    if not accepts_gzip(accept_encoding):
        return response
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(response.compressed(), response.status_code, {**headers, "content-encoding": "gzip"})


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether this ``Accept-Encoding`` accepts gzip; an unknown value does not."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = (each.strip() for each in part.partition(";"))
        if coding in {"gzip", "x-gzip"}:
            return not re.fullmatch(r"q=0(\.0{0,3})?", weight)
    return False


NOT_MODIFIED_HEADERS = ("etag", "cache-control", "content-language", "vary")  # RFC 9110, section 15.4.5


def not_modified(headers: Mapping[str, str]) -> Response:
    """A 304 with the headers of the full answer."""
    return Response(status_code=304, headers=headers)


PRIVATE = {"cache-control": "private, no-cache", "vary": "Accept-Language, Authorization"}
