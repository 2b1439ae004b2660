"""Opaque pagination cursors: the key of the last item on the page, in URL-safe base64.

They are not signed: a forged cursor only selects another position in a list that the client may read anyway.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request

from service.platform.http.raw_routes import query_of
from service.platform.problems import InvalidCursor

MAX_LENGTH = 1024


def encode_cursor(key: bytes) -> str:
    """Encode ``key`` as a cursor."""
    return urlsafe_b64encode(key).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> bytes:
    """Decode the key in ``cursor``; raises :class:`InvalidCursor`."""
    if len(cursor) > MAX_LENGTH or not cursor.isascii():
        raise InvalidCursor(parameter="cursor")
    try:
        key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raise InvalidCursor(parameter="cursor") from None
    if encode_cursor(key) != cursor:  # the decoder ignores characters outside base64
        raise InvalidCursor(parameter="cursor")
    return key


def decode_id(cursor: str | None) -> UUID | None:
    """Decode the id in ``cursor``, for a list ordered by id; raises :class:`InvalidCursor`."""
    if cursor is None:
        return None
    key = decode_cursor(cursor)
    if len(key) != 16:
        raise InvalidCursor(parameter="cursor")
    return UUID(bytes=key)


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """The ``Link`` header (RFC 8288) to the next page; empty on the last page.

    The link is relative, so a proxy that changes host or path can't break it.
    """
    if cursor is None:
        return {}
    query = [(name, value) for name, value in query_of(request).multi_items() if name != "cursor"]
    return {"link": f'<?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'}
