"""Conditional reads (RFC 9110, section 13) and how long an answer may be kept (RFC 9111)."""

import gzip
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec
from starlette.requests import Request
from starlette.responses import Response

FRESH = timedelta(seconds=5)
COMPRESSION = 6
WORTH_COMPRESSING = 1_000  # bytes; what is shorter goes in one packet anyhow


def entity_tag(*parts: object) -> str:
    """A weak entity tag made of all that the answer depends on."""
    digest = blake2b("\0".join(map(str, parts)).encode(), digest_size=12)
    return f'W/"{digest.hexdigest()}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the client already holds what ``tag`` names (``If-None-Match``, weak comparison)."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    opaque = tag.removeprefix("W/")
    return given.strip() == "*" or any(one.strip().removeprefix("W/") == opaque for one in given.split(","))


def public_headers(tag: str, *, locale: str, now: datetime, until: datetime | None = None) -> dict[str, str]:
    """Headers of an answer that everybody may share, kept for :data:`FRESH` and never past ``until``."""
    age = FRESH if until is None else max(timedelta(0), min(FRESH, until - now))
    return {
        "etag": tag,
        "cache-control": f"public, max-age={int(age.total_seconds())}",
        "content-language": locale,
        "vary": "Accept-Encoding, Accept-Language, Authorization",
    }


class PublicResponse(Response):
    """An answer that is the same for everybody, until it changes by itself or something happens.

    ``content`` goes over the wire as JSON, unless it is text of the ``media_type`` given.
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
        headers = {**public_headers(tag, locale=locale, now=now, until=until), **(headers or {})}
        body = content if media_type != "application/json" else msgspec.json.encode(content)
        super().__init__(body, 200, headers, media_type=media_type)
        self.body: bytes  # Starlette's own may be a view of one
        self._until = until
        self._compressed: bytes | None = None

    def compressed(self) -> bytes:
        """The body by gzip (RFC 1952), made at its first use and kept with it."""
        if self._compressed is None:
            self._compressed = gzip.compress(self.body, COMPRESSION, mtime=0)
        return self._compressed

    def is_over(self, now: datetime) -> bool:
        """Whether it must be made anew at ``now``, for what its ``Cache-Control`` promises would not be so."""
        return self._until is not None and now > self._until - FRESH


def conditional(request: Request, response: Response) -> Response:
    """``response``, or 304 for a reader who holds it already; what is long and public, compressed for who takes it."""
    tag = response.headers.get("etag")
    if tag is None or request.method not in {"GET", "HEAD"} or not is_known(request, tag):
        return _encoded(request, response)
    return not_modified({name: response.headers[name] for name in OF_NOT_MODIFIED if name in response.headers})


def _encoded(request: Request, response: Response) -> Response:
    """``response``, by gzip where that is asked for (RFC 9110, section 12.5.3).

    Public answers only: what is secret, beside what a stranger made us say, could be guessed by its length (BREACH).
    """
    if not isinstance(response, PublicResponse) or len(response.body) < WORTH_COMPRESSING:
        return response
    if not takes_gzip(request.headers.get("accept-encoding", "")):
        return response
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(response.compressed(), response.status_code, {**headers, "content-encoding": "gzip"})


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client that sends this ``Accept-Encoding`` takes gzip; one that is not understood takes nothing."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = (each.strip() for each in part.partition(";"))
        if coding in {"gzip", "x-gzip"}:
            return not re.fullmatch(r"q=0(\.0{0,3})?", weight)
    return False


OF_NOT_MODIFIED = ("etag", "cache-control", "content-language", "vary")  # RFC 9110, section 15.4.5


def not_modified(headers: Mapping[str, str]) -> Response:
    """304, with the headers that the whole answer would have had."""
    return Response(status_code=304, headers=headers)


PRIVATE = {"cache-control": "private, no-cache", "vary": "Accept-Language, Authorization"}
