"""Conditional reads (RFC 9110, section 13) and how long an answer may be kept (RFC 9111)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

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


def not_modified(headers: Mapping[str, str]) -> Response:
    """304, with the headers that the whole answer would have had."""
    return Response(status_code=304, headers=headers)


PRIVATE = {"cache-control": "private, no-cache", "vary": "Accept-Language, Authorization"}
