"""Conditional reads (RFC 9110, section 13) and how long an answer may be kept (RFC 9111)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec
from starlette.requests import Request
from starlette.responses import Response

FRESH = timedelta(seconds=5)


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
        "vary": "Accept-Language, Authorization",
    }


class PublicResponse(Response):
    """An answer in JSON that is the same for everybody, until it changes by itself or something happens."""

    def __init__(
        self,
        content: object,
        *,
        tag: str,
        locale: str,
        now: datetime,
        until: datetime | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        headers = {**public_headers(tag, locale=locale, now=now, until=until), **(headers or {})}
        super().__init__(msgspec.json.encode(content), 200, headers, media_type="application/json")
        self.body: bytes  # Starlette's own may be a view of one
        self._until = until

    def is_over(self, now: datetime) -> bool:
        """Whether it must be made anew at ``now``, for what its ``Cache-Control`` promises would not be so."""
        return self._until is not None and now > self._until - FRESH


def conditional(request: Request, response: Response) -> Response:
    """``response``, or 304 for a reader who holds it already."""
    tag = response.headers.get("etag")
    if tag is None or request.method not in {"GET", "HEAD"} or not is_known(request, tag):
        return response
    return not_modified({name: response.headers[name] for name in OF_NOT_MODIFIED if name in response.headers})


OF_NOT_MODIFIED = ("etag", "cache-control", "content-language", "vary")  # RFC 9110, section 15.4.5


def not_modified(headers: Mapping[str, str]) -> Response:
    """304, with the headers that the whole answer would have had."""
    return Response(status_code=304, headers=headers)


PRIVATE = {"cache-control": "private, no-cache", "vary": "Accept-Language, Authorization"}
