"""Decisions that can be undone, written into the address of the page that follows them."""

from collections.abc import Iterable
from struct import Struct
from uuid import UUID

from service.platform.http.cursors import decode_cursor, encode_cursor
from service.platform.problems import InvalidCursor

_DECIDED = Struct(">16sI")  # the comment's id, and its revision after the decision


def encode_decided(decided: Iterable[tuple[UUID, int]]) -> str:
    """Encode the ids of comments and their revisions after the decision."""
    return encode_cursor(b"".join(_DECIDED.pack(id_.bytes, revision) for id_, revision in decided))


def decode_decided(code: str) -> list[tuple[UUID, int]]:
    """Decode what :func:`encode_decided` wrote; raises InvalidCursor."""
    content = decode_cursor(code)
    if len(content) % _DECIDED.size:
        raise InvalidCursor(parameter="decided")
    return [(UUID(bytes=id_), revision) for id_, revision in _DECIDED.iter_unpack(content)]
