"""A comment's path in its thread's tree, as bytes that sort in reading order. Pure.

A path is four big-endian bytes per level: the parent's path, then the comment's place, its number in the thread. In
byte order a comment comes after its parent and before its next sibling, so a page of the tree is one range of an index.
``newest_path`` complements the root's four bytes: newest conversations first, each in its own order.
"""

from typing import NamedTuple

LEVEL_BYTES = 4
_MAX_PLACE = (1 << 32) - 1


class TreePosition(NamedTuple):
    """A comment's position in the tree; ``depth`` is 0 for a comment on the article."""

    path: bytes
    depth: int


def child_position(parent: bytes | None, place: int, *, max_depth: int) -> TreePosition:
    """Return the position of comment number ``place`` of a thread under the path ``parent``, or under the article.

    A reply deeper than ``max_depth`` is placed at that depth, under the same ancestor as its parent.
    """
    ancestors = b"" if parent is None else parent[: max_depth * LEVEL_BYTES]
    return TreePosition(ancestors + place.to_bytes(LEVEL_BYTES, "big"), len(ancestors) // LEVEL_BYTES)


def place_of(path: bytes) -> int:
    """Return the place in its thread of the comment at ``path``."""
    return int.from_bytes(path[-LEVEL_BYTES:], "big")


def newest_path(path: bytes) -> bytes:
    """Return the path that sorts newest conversations first; its own inverse."""
    root = _MAX_PLACE - int.from_bytes(path[:LEVEL_BYTES], "big")
    return root.to_bytes(LEVEL_BYTES, "big") + path[LEVEL_BYTES:]


def ancestors(path: bytes) -> list[bytes]:
    """Return the paths above ``path``, outermost first."""
    return [path[:end] for end in range(LEVEL_BYTES, len(path), LEVEL_BYTES)]


def subtree_end(path: bytes) -> bytes:
    """Return the first path in byte order after ``path`` and everything below it."""
    return path[:-LEVEL_BYTES] + (int.from_bytes(path[-LEVEL_BYTES:], "big") + 1).to_bytes(LEVEL_BYTES, "big")


def is_path(key: bytes) -> bool:
    """Whether ``key`` can be a path: whole levels, between 1 and 21 of them."""
    return len(key) % LEVEL_BYTES == 0 and LEVEL_BYTES <= len(key) <= 21 * LEVEL_BYTES
