"""Stream the wanted elements of a damaged XML file, each at its end tag, in bounded memory.

Elements that hold others (``/rss/channel/item``) are recognised wherever they start, and a missing end tag is implied
by the next start tag that can't be inside. So damage costs the element it is in and not the rest of the file.

*Why* not a library's parser: strict ones stop at the first error. libxml2's recovery drops text after an unknown
entity and a whole file after a notice of PHP, silently. A parser that builds a tree also holds the whole text of the
current element: a comment of one gigabyte would need one gigabyte. Here text beyond an element's limit is dropped.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import BinaryIO, NamedTuple

from service.integrations.imports.archive import ArchiveUnreadable, Issue, Issues
from service.integrations.imports.xml_text import read_text
from service.integrations.imports.xml_tokens import Token, read_tokens

MAX_DEPTH = 100
MAX_NAME = 300
MAX_PREFIXES = 1_000

_NAMESPACE = re.compile(r"""\sxmlns(?::([^\s="']{1,300}))?\s*=\s*["']([^"']{0,300})["']""")
_BLANK = " \t\n\r\ufeff"


class Element(NamedTuple):
    """A complete element: its path (``/rss/channel/title``), its text, whether it was cut, its last line.

    ``damaged`` means that the text is unknown, or may contain text from after the element. ``attributes`` are as
    written in the start tag.
    """

    path: str
    text: str
    truncated: bool
    line: int
    damaged: bool = False
    attributes: str = ""


class _Open(NamedTuple):
    """An open element. ``path`` is None if no wanted path leads through it."""

    name: str
    path: str | None
    attributes: str = ""


def read_elements(
    source: BinaryIO, limits: Mapping[str, int], short_name: Callable[[str], str], issues: Issues
) -> Iterator[Element]:
    """Yield the elements of ``source`` whose path is in ``limits``, in the order of their end tags.

    ``limits`` gives the characters of text to keep for each path, without nested tags; 0 keeps none. ``short_name``
    maps an element's full name (``{namespace}name`` or ``name``) to its name in a path; ``""`` means unwanted. A name
    whose prefix is unknown is used as written. ``issues`` gets the repairs.

    Raises :class:`ArchiveUnreadable` if the file has no element of a wanted path, ends early or contains something
    refused. All elements before that point are yielded first.
    """
    tree = _Tree(limits, short_name, issues)
    line = 1
    for token in read_tokens(read_text(source, issues), issues):
        line = token.line
        if token.kind == "start":
            yield from tree.start(token)
        elif token.kind == "end":
            yield from tree.end(token)
        else:
            tree.text(token)
    if not tree.found_root:
        raise ArchiveUnreadable(f"the file has no <{tree.root}> element: it has another format.", line=1)
    if tree.is_open:
        raise ArchiveUnreadable("the file ends too early.", line=line)


def _containers_of(path: str) -> Iterator[str]:
    """Yield ``/rss``, then ``/rss/channel``, down to the parent of ``path``."""
    _, root, *names = path.split("/")[:-1]
    return accumulate(names, "{}/{}".format, initial=f"/{root}")


class _Tree:
    """The open elements, outermost first, and the text of the current one.

    *Containers* are the elements that hold wanted ones. Below the innermost open container there is at most one
    wanted element; all others are unknown, and are open only to find their end tags.
    """

    def __init__(self, limits: Mapping[str, int], short_name: Callable[[str], str], issues: Issues) -> None:
        self._limits = limits
        self._short_name = short_name
        self._issues = issues
        containers = {container for path in limits for container in _containers_of(path)}
        self._containers = {path.rpartition("/")[2]: path for path in containers}
        self.root = min(containers, key=len)[1:]
        self.found_root = False
        self._is_at_start = True
        self._other_line = 0  # where the first text outside the root is, or 0
        self._namespaces: dict[str, str] = {}
        self._open: list[_Open] = []
        self._collecting: str | None = None
        self._text: list[str] = []
        self._length = 0

    @property
    def is_open(self) -> bool:
        """Whether an element has no end tag yet."""
        return bool(self._open)

    def text(self, token: Token) -> None:
        """Add text to the current element, or note that it is outside the root."""
        if self._collecting is not None:
            if self._length < self._limits[self._collecting]:
                self._text.append(token.value)
            self._length += len(token.value)
        elif not self._open and (token.value.strip(_BLANK) or (token.kind == "declaration" and not self._is_at_start)):
            self._note_other(token.line)
        self._is_at_start = False

    def start(self, token: Token) -> Iterator[Element]:
        """Open an element; yield those whose missing end tags it implies."""
        declared = {}
        if "xmlns" in token.attributes:
            declared = dict(_NAMESPACE.findall(token.attributes))
        name = self._short_name_of(token, declared)
        if name in self._containers:
            for prefix, uri in declared.items():
                if len(self._namespaces) < MAX_PREFIXES:
                    self._namespaces.setdefault(prefix, uri)
            yield from self._open_container(self._containers[name], token)
        elif self._open:
            yield from self._open_child(name, token)
        else:
            self._note_other(token.line)
            return
        if token.attributes.endswith("/"):
            yield from self.end(token)

    def end(self, token: Token) -> Iterator[Element]:
        """Close the innermost element of that name, and those inside it."""
        for depth in reversed(range(len(self._open))):
            if self._open[depth].name == token.value[:MAX_NAME]:
                yield from self._close(depth, token.line, matched=True)
                return
        if self._open:
            self._issues.record(Issue.MISMATCHED_TAG, f"line {token.line}")
            if path := self._child_path(self._short_name_of(token, {})):
                yield Element(path, "", False, token.line, damaged=True)
        else:
            self._note_other(token.line)

    def _open_container(self, path: str, token: Token) -> Iterator[Element]:
        parent = path.rpartition("/")[0]
        depth = next((depth for depth, each in enumerate(self._open, 1) if each.path == parent), 0)
        if parent and not depth:  # its start tag was damaged
            self._issues.record(Issue.MISMATCHED_TAG, f"line {token.line}")
            yield from self._open_container(parent, token._replace(value=parent.rpartition("/")[2]))
            depth = len(self._open)
        yield from self._close(depth, token.line)
        self._open.append(_Open(token.value[:MAX_NAME], path))
        if not self.found_root and self._other_line:
            self._issues.record(Issue.TEXT_OUTSIDE, f"line {self._other_line}")
        self.found_root = True

    def _open_child(self, name: str, token: Token) -> Iterator[Element]:
        path = self._child_path(name)
        if path is not None:
            yield from self._close(self._container_depth() + 1, token.line)
            self._collecting = path if self._limits[path] else None
        elif len(self._open) >= MAX_DEPTH:
            return
        self._open.append(_Open(token.value[:MAX_NAME], path, token.attributes if path else ""))

    def _child_path(self, name: str) -> str | None:
        """Return the path of the element ``name`` if it is a wanted one of the innermost container."""
        depth = self._container_depth()
        path = f"{self._open[depth].path}/{name}"
        below = self._open[depth + 1 :]
        # A name without a prefix is also used by others, as in <image><title>.
        is_certain = not below or below[0].path is not None or ":" in name
        return path if path in self._limits and is_certain else None

    def _close(self, depth: int, line: int, *, matched: bool = False) -> Iterator[Element]:
        """Close the elements from ``depth`` on; only the outermost can be ``matched`` by an end tag."""
        if len(self._open) > depth + matched:
            self._issues.record(Issue.MISMATCHED_TAG, f"line {line}")
        while len(self._open) > depth:
            _, path, attributes = self._open.pop()
            if path is None or path not in self._limits:
                continue
            limit = self._limits[path]
            text, truncated = "".join(self._text)[:limit], self._length > limit
            implied = not matched or len(self._open) > depth
            damaged = implied and ("<" in text or truncated)
            yield Element(path, text, truncated, line, damaged, attributes)
            self._collecting, self._text, self._length = None, [], 0

    def _container_depth(self) -> int:
        """Return the depth of the innermost open container; the outermost open element is always one."""
        paths = self._containers.values()
        return next(depth for depth in reversed(range(len(self._open))) if self._open[depth].path in paths)

    def _short_name_of(self, token: Token, declared: Mapping[str, str]) -> str:
        prefix, _, local = token.value[:MAX_NAME].rpartition(":")
        uri = declared.get(prefix) or (self._namespaces.get(prefix) if prefix else None)
        if uri:
            short = self._short_name(f"{{{uri}}}{local}")
            return short or (token.value if prefix else "")
        if prefix and self._open and prefix not in self._namespaces and len(self._namespaces) < MAX_PREFIXES:
            self._namespaces[prefix] = ""
            self._issues.record(Issue.UNBOUND_PREFIX, f"line {token.line}: {prefix}")
        return self._short_name(token.value)

    def _note_other(self, line: int) -> None:
        """Note the first text or tag outside the root; it is recorded once, and not for a file without a root."""
        if self.found_root and not self._other_line:
            self._issues.record(Issue.TEXT_OUTSIDE, f"line {line}")
        self._other_line = self._other_line or line
