"""A comment's place in its thread's tree, as bytes that sort in reading order. Pure.

A path is four big-endian bytes per level: the parent's path, then the comment's own place in the thread. In byte order
a comment comes after its parent and before its next sibling, so a page of the tree is one range of an index.
``newest_path`` complements the root's four bytes: newest conversations first, each in its own order.
"""

from typing import NamedTuple

LEVEL = 4
_ALL = (1 << 32) - 1


class Spot(NamedTuple):
    """A comment's place in the tree; ``depth`` is 0 for a comment on the article."""

    path: bytes
    depth: int


def spot_below(parent: bytes | None, place: int, *, max_depth: int) -> Spot:
    """Return the spot of the comment at ``place`` under the path ``parent``, or under the article.

    A reply deeper than ``max_depth`` is placed at that depth, under the same ancestor as its parent.
    """
    ancestors = b"" if parent is None else parent[: max_depth * LEVEL]
    return Spot(ancestors + place.to_bytes(LEVEL, "big"), len(ancestors) // LEVEL)


def place_of(path: bytes) -> int:
    """Return the place in its thread of the comment at ``path``."""
    return int.from_bytes(path[-LEVEL:], "big")


def newest_path(path: bytes) -> bytes:
    """Return the path that sorts newest conversations first; its own inverse."""
    root = _ALL - int.from_bytes(path[:LEVEL], "big")
    return root.to_bytes(LEVEL, "big") + path[LEVEL:]


def ancestors(path: bytes) -> list[bytes]:
    """Return the paths above ``path``, outermost first."""
    return [path[:end] for end in range(LEVEL, len(path), LEVEL)]


def end_of_subtree(path: bytes) -> bytes:
    """Return the first path in byte order after ``path`` and everything below it."""
    return path[:-LEVEL] + (int.from_bytes(path[-LEVEL:], "big") + 1).to_bytes(LEVEL, "big")


def is_path(key: bytes) -> bool:
    """Whether ``key`` can be a path: whole levels, between 1 and 21 of them."""
    return len(key) % LEVEL == 0 and LEVEL <= len(key) <= 21 * LEVEL
