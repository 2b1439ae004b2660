"""The format-independent archive: another system's threads, one at a time, with the issues found in them.

A format reader takes a file and yields :class:`ArchivedThread`. The code that stores them (``import_archive.py``)
knows no formats.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

import msgspec

State = Literal["published", "pending", "spam", "deleted"]
Kind = Literal["comment", "pingback", "trackback"]
Visibility = Literal["published", "unpublished", "withdrawn"]

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--[^<>]*-->")
_WHITESPACE = re.compile(r"[ \t\n\r\f]+")


class ArchiveUnreadable(Exception):
    """The file has the wrong format, is damaged or is unsafe; ``line`` is where that showed.

    Every complete thread before that line has been yielded.
    """

    def __init__(self, reason: str, *, line: int) -> None:
        super().__init__(f"Line {line}: {reason}")
        self.line = line


class Issue(StrEnum):
    """Why a part of the file was left out or changed: a closed list."""

    # Left out. Replies to such a comment move to its parent.
    NO_ARTICLE = "no-article"  # neither an id nor a URL identifies the article
    NO_DATE = "no-date"  # neither the comment nor its article nor the file has a date
    EMPTY_CONTENT = "empty-content"
    TOO_LONG = "too-long"
    REPEATED_KEY = "repeated-key"  # the first comment with that key is imported
    DAMAGED = "damaged"  # its fields can't be told from those around it
    UNKNOWN_KIND = "unknown-kind"  # neither a comment nor a ping: editors' notes, shops' order logs
    # Imported, but changed.
    NO_KEY = "no-key"  # its number in the article becomes its key
    GUESSED_DATE = "guessed-date"
    EMPTY_STATE = "empty-state"  # imported as pending
    UNKNOWN_STATE = "unknown-state"  # imported as pending
    UNKNOWN_STATUS = "unknown-status"  # the article is imported as withdrawn
    MISSING_PARENT = "missing-parent"  # its parent is not in the article: it becomes a comment on the article
    PARENT_CYCLE = "parent-cycle"  # it is its own ancestor: it becomes a comment on the article
    # Repaired in the file. The examples are lines.
    TEXT_OUTSIDE = "text-outside-xml"  # blank lines or messages of PHP before the XML declaration or after the end
    UNKNOWN_ENCODING = "unknown-encoding"
    INVALID_CHARACTER = "invalid-character"  # a byte that is invalid in the encoding, or a reference to no character
    CONTROL_CHARACTER = "control-character"  # it becomes a space
    HTML_ENTITY = "html-entity"  # &nbsp; and others that XML does not define
    UNESCAPED = "unescaped-character"  # a "<" or "&" that begins no markup is text
    UNBOUND_PREFIX = "unbound-prefix"  # wp: without its namespace
    MISMATCHED_TAG = "mismatched-tag"  # a start or end tag is missing


class Issues:
    """Counts of each issue with its first examples, for the person who imports."""

    max_examples = 5

    def __init__(self) -> None:
        self.counts: Counter[Issue] = Counter()
        self.examples: dict[Issue, list[str]] = {}

    def record(self, issue: Issue, example: str | Callable[[], str]) -> None:
        """Count one ``issue``; ``example`` says in a few words where it is, and is called only if it is needed."""
        self.counts[issue] += 1
        examples = self.examples.setdefault(issue, [])
        if len(examples) < self.max_examples:
            examples.append((example if isinstance(example, str) else example())[:200])

    def add(self, others: "Issues") -> None:
        """Add the counts and examples of ``others``."""
        self.counts += others.counts
        for issue, examples in others.examples.items():
            known = self.examples.setdefault(issue, [])
            known += examples[: self.max_examples - len(known)]


class ArchivedComment(msgspec.Struct, frozen=True, kw_only=True):
    """One comment or ping of another system.

    ``key`` is unique in its article. ``parent_key`` is the key of a comment that was yielded earlier, or None for a
    comment on the article. ``author_*`` are plain text, empty if unknown. ``content`` is the source's unchanged
    markup, at most a million characters. ``created_at`` is in UTC. ``depth`` is 0 for a comment on the article.
    """

    key: str
    parent_key: str | None
    author_name: str
    author_email: str
    author_url: str
    content: str
    created_at: datetime
    state: State
    kind: Kind
    depth: int = 0


class ArchivedComments(Protocol):
    """The comments of one article: parents before replies, then by date, then in file order.

    They can be iterated repeatedly until the next thread is requested, and are not held in memory.
    """

    def __iter__(self) -> Iterator[ArchivedComment]: ...

    def __len__(self) -> int: ...


class ArchivedThread(msgspec.Struct, frozen=True, kw_only=True):
    """One article with its comments.

    ``article`` is the other system's id, or the URL if there is no id. ``title`` is plain text; ``raw_title`` keeps
    the source's entities. ``url`` and ``section`` are empty if unknown. ``published_at`` is the source's date in
    UTC; it may be in the future and may be set for an ``unpublished`` article (a draft, or scheduled).
    """

    article: str
    title: str
    raw_title: str
    url: str
    section: str = ""
    published_at: datetime | None
    visibility: Visibility
    closed: bool
    comments: ArchivedComments
    issues: Issues


def plain_text(markup: str) -> str:
    """Return ``markup`` as plain text on one line: no tags, entities decoded, white space collapsed as in HTML.

    Tags are removed before entities are decoded, so an escaped ``&lt;b&gt;``, which is text, stays.
    """
    return _WHITESPACE.sub(" ", html.unescape(_TAG.sub("", markup))).strip()
