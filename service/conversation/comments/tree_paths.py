"""Where a comment stands in its thread's tree, as bytes whose order is the order of reading. Pure.

A path is four big-endian bytes a level: the path of the comment answered, then one's own place in the thread. Sorted
bytewise, a comment comes after what it answers and before its next sibling, so a page of the tree is one range of an
index. ``newest_path`` is the same with the root's four bytes complemented: newest conversations first, each in its
own order.
"""

from typing import NamedTuple

LEVEL = 4
_ALL = (1 << 32) - 1


class Spot(NamedTuple):
    """A comment's place in the tree; ``depth`` is 0 for one that answers the article."""

    path: bytes
    depth: int


def spot_below(parent: bytes | None, place: int, *, max_depth: int) -> Spot:
    """Where the comment at ``place`` stands that answers the comment at path ``parent``, or the article.

    An answer deeper than ``max_depth`` hangs at that depth, under the same ancestor as what it answers.
    """
    ancestors = b"" if parent is None else parent[: max_depth * LEVEL]
    return Spot(ancestors + place.to_bytes(LEVEL, "big"), len(ancestors) // LEVEL)


def place_of(path: bytes) -> int:
    """The place in its thread of the comment at ``path``."""
    return int.from_bytes(path[-LEVEL:], "big")


def newest_path(path: bytes) -> bytes:
    """The path by which newest conversations come first; its own inverse."""
    root = _ALL - int.from_bytes(path[:LEVEL], "big")
    return root.to_bytes(LEVEL, "big") + path[LEVEL:]


def ancestors(path: bytes) -> list[bytes]:
    """The paths above ``path``, outermost first."""
    return [path[:end] for end in range(LEVEL, len(path), LEVEL)]


def end_of_subtree(path: bytes) -> bytes:
    """The least path that is neither ``path`` nor below it, and greater."""
    return path[:-LEVEL] + (int.from_bytes(path[-LEVEL:], "big") + 1).to_bytes(LEVEL, "big")


def is_path(key: bytes) -> bool:
    """Whether ``key`` can be a path at all: whole levels, and no more than a thread may have."""
    return len(key) % LEVEL == 0 and LEVEL <= len(key) <= 21 * LEVEL
