"""Order the comments of one article without holding their text in memory.

Text goes to a temporary file as it is read. For each comment, memory holds only the key, the parent, the date and
the position of the text: about 200 bytes.
"""

from array import array
from collections.abc import Iterator, MutableSequence, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from tempfile import SpooledTemporaryFile

import msgspec

from service.integrations.imports.archive import ArchivedComment, Issue, Issues

MAX_IN_MEMORY = 1024 * 1024
NO_PARENT = -1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ArchivedComment).decode


class CommentSpool:
    """Add comments in file order, :meth:`arrange` once, iterate repeatedly, then :meth:`close`."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        # It outlives any block, so close() closes it.
        self._file = SpooledTemporaryFile(max_size=MAX_IN_MEMORY)  # noqa: SIM115 - closed in close()
        self._ends = array("q", [0])
        self._times = array("q")
        self._parents = array("q")
        self._numbers: dict[str, int] = {}
        self._unresolved: dict[int, str] = {}
        self._skipped: dict[str, str | None] = {}
        self._keys: list[str] = []

    def add(self, comment: ArchivedComment) -> bool:
        """Add ``comment`` with its ``parent_key`` from the file; its depth is computed later.

        Returns False and records an issue if the key is already present.
        """
        number = len(self._numbers)
        if self._numbers.setdefault(comment.key, number) != number:
            self._issues.record(Issue.REPEATED_KEY, f"comment {comment.key}")
            return False
        parent = NO_PARENT
        if comment.parent_key is not None:
            parent = self._numbers.get(comment.parent_key, NO_PARENT)
            if parent == NO_PARENT:
                self._unresolved[number] = comment.parent_key
        self._parents.append(parent)
        self._times.append((comment.created_at - _EPOCH) // _MICROSECOND)
        self._ends.append(self._ends[-1] + self._file.write(_encode(comment)))
        return True

    def skip(self, key: str, parent_key: str | None) -> None:
        """Skip the comment ``key``; its replies move to its parent."""
        self._skipped.setdefault(key, parent_key)

    def arrange(self) -> None:
        """Resolve every parent and break cycles, after the last comment was added."""
        for number, key in self._unresolved.items():
            self._parents[number] = self._find_parent(number, key)
        self._keys = list(self._numbers)  # in order of their numbers
        for number in break_cycles(self._parents):
            self._issues.record(Issue.PARENT_CYCLE, f"comment {self._keys[number]}")
        self._numbers, self._unresolved, self._skipped = {}, {}, {}

    def __iter__(self) -> Iterator[ArchivedComment]:
        for number, depth in parents_first(self._parents, self._times):
            self._file.seek(self._ends[number])
            comment = _decode(self._file.read(self._ends[number + 1] - self._ends[number]))
            parent = self._parents[number]
            parent_key = None if parent == NO_PARENT else self._keys[parent]
            yield msgspec.structs.replace(comment, parent_key=parent_key, depth=depth)

    def __len__(self) -> int:
        return len(self._parents)

    def close(self) -> None:
        """Close the temporary file."""
        self._file.close()

    def _find_parent(self, number: int, key: str | None) -> int:
        """Return the number of ``key``, or of its nearest ancestor that was kept."""
        visited = set()
        while key is not None and key not in self._numbers and key in self._skipped and key not in visited:
            visited.add(key)
            key = self._skipped[key]
        for step in visited:  # cache the result, so that a chain is walked once and not for each reply
            self._skipped[step] = key
        if key is None:
            return NO_PARENT
        if key not in self._numbers:
            self._issues.record(Issue.MISSING_PARENT, f"a reply to comment {key}")
        return self._numbers.get(key, NO_PARENT)


def break_cycles(parents: MutableSequence[int]) -> list[int]:
    """Remove the parents of comments in a cycle, in place; return their numbers."""
    cycles: list[int] = []
    seen = bytearray(len(parents))  # 1: in this walk, 2: in an earlier one
    for start in range(len(parents)):
        walk: list[int] = []
        at = start
        while at != NO_PARENT and not seen[at]:
            seen[at] = 1
            walk.append(at)
            at = parents[at]
        if at != NO_PARENT and seen[at] == 1:
            cycles += walk[walk.index(at) :]
        for number in walk:
            seen[number] = 2
    for number in cycles:
        parents[number] = NO_PARENT
    return cycles


def parents_first(parents: Sequence[int], times: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield every number once with its depth: parents before replies, then by time, then by number."""
    depths = array("q", [-1]) * len(parents)  # -1: not yielded yet
    waiting: dict[int, list[int]] = {}
    for earliest in sorted(range(len(parents)), key=times.__getitem__):
        parent = parents[earliest]
        if parent != NO_PARENT and depths[parent] < 0:
            waiting.setdefault(parent, []).append(earliest)
            continue
        # Replies that waited for this comment have earlier dates, so they precede all remaining comments.
        ready = [(times[earliest], earliest)]
        while ready:
            _, number = heappop(ready)
            parent = parents[number]
            depths[number] = 0 if parent == NO_PARENT else depths[parent] + 1
            yield number, depths[number]
            for reply in waiting.pop(number, ()):
                heappush(ready, (times[reply], reply))
