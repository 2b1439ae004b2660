"""Opaque cursors for lists: the key after which the next page begins, in URL-safe base64.

They are not signed: whoever makes one up only asks for another place in a list that they may read anyway.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request

from service.platform.problems import InvalidCursor

LONGEST = 1024


def encode_cursor(key: bytes) -> str:
    """``key`` as a cursor."""
    return urlsafe_b64encode(key).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> bytes:
    """The key in ``cursor``; raises :class:`InvalidCursor`."""
    if len(cursor) > LONGEST or not cursor.isascii():
        raise InvalidCursor(parameter="cursor")
    try:
        key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raise InvalidCursor(parameter="cursor") from None
    if encode_cursor(key) != cursor:  # the decoder passes over what is no base64
        raise InvalidCursor(parameter="cursor")
    return key


def decode_id(cursor: str | None) -> UUID | None:
    """The id in ``cursor`` of a list that is ordered by ids; raises :class:`InvalidCursor`."""
    if cursor is None:
        return None
    key = decode_cursor(cursor)
    if len(key) != 16:
        raise InvalidCursor(parameter="cursor")
    return UUID(bytes=key)


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """The ``Link`` header (RFC 8288) to the next page, or no header at the end.

    The link is relative to the page it came with, so that no proxy in between can make it wrong.
    """
    if cursor is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"link": f'<?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'}
