"""What every format yields: the threads of another system, one after the other, with all that was odd about them.

A reader of a format takes a file and yields :class:`ArchivedThread`; the deed that stores them (``importing.py``)
knows nothing of formats.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

import msgspec

State = Literal["published", "pending", "spam", "deleted"]
Kind = Literal["comment", "pingback", "trackback"]
Standing = Literal["published", "unpublished", "withdrawn"]

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--[^<>]*-->")
_WHITESPACE = re.compile(r"[ \t\n\r\f]+")


class ArchiveUnreadable(Exception):
    """The file is not what it should be, or no file to trust; ``line`` is where that showed.

    Every thread that was whole before that line has been yielded.
    """

    def __init__(self, reason: str, *, line: int) -> None:
        super().__init__(f"Line {line}: {reason}")
        self.line = line


class Oddity(StrEnum):
    """Why something of the file is not there, or not as it stood: a closed list."""

    # Left out. Answers to a comment left out hang where that comment hung.
    NO_ARTICLE = "no-article"  # neither an id nor a URL says which article it was
    NO_DATE = "no-date"  # no date of its own, and nothing around it has one
    EMPTY_CONTENT = "empty-content"
    TOO_LONG = "too-long"
    REPEATED_KEY = "repeated-key"  # the first of that key is kept
    UNKNOWN_KIND = "unknown-kind"  # neither a comment nor a ping: editors' notes, shops' order logs
    # Kept, but changed.
    NO_KEY = "no-key"  # named by its number in the article
    GUESSED_DATE = "guessed-date"
    EMPTY_STATE = "empty-state"  # taken as pending
    UNKNOWN_STATE = "unknown-state"  # taken as pending
    UNKNOWN_STANDING = "unknown-standing"  # the article is taken as withdrawn
    LOST_PARENT = "lost-parent"  # answers what is not in its article: now answers the article
    PARENT_CIRCLE = "parent-circle"  # answers itself, at once or by way of others: now answers the article


class Oddities:
    """How often each oddity was met, with its first examples, for the person who imports."""

    most_examples = 5

    def __init__(self) -> None:
        self.counts: Counter[Oddity] = Counter()
        self.examples: dict[Oddity, list[str]] = {}

    def note(self, oddity: Oddity, example: str) -> None:
        """One more ``oddity``; ``example`` says where, in a few words."""
        self.counts[oddity] += 1
        examples = self.examples.setdefault(oddity, [])
        if len(examples) < self.most_examples:
            examples.append(example[:200])

    def add(self, others: "Oddities") -> None:
        """What ``others`` met as well."""
        self.counts += others.counts
        for oddity, examples in others.examples.items():
            known = self.examples.setdefault(oddity, [])
            known += examples[: self.most_examples - len(known)]


class ArchivedComment(msgspec.Struct, frozen=True, kw_only=True):
    """One comment, or one ping, of another system.

    ``key`` is unique in its article; ``parent_key`` is None where it answers the article, else the key of a comment
    that was yielded before. ``author_*`` are plain text, empty where unknown; ``content`` is the source's own markup,
    as it stood, at most a million characters. ``created_at`` is in UTC. ``depth`` is 0 where it answers the article.
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
    """The comments of one article: a parent before its answers, else by date, else as they stood in the file.

    May be iterated more than once, until the next thread is asked for; they are not held in memory.
    """

    def __iter__(self) -> Iterator[ArchivedComment]: ...

    def __len__(self) -> int: ...


class ArchivedThread(msgspec.Struct, frozen=True, kw_only=True):
    """One article with its comments.

    ``article`` is the other system's id, or the URL where it gave none; ``title`` is as a person reads it,
    ``raw_title`` as it stood, entities and all; ``url`` is empty where unknown; ``published_at`` is in UTC, as it
    stood, so it may lie ahead, and be there for what is ``unpublished`` (a draft, or waiting for its day).
    """

    article: str
    title: str
    raw_title: str
    url: str
    published_at: datetime | None
    standing: Standing
    closed: bool
    comments: ArchivedComments
    oddities: Oddities


def plain_text(markup: str) -> str:
    """``markup`` as a person reads it, on one line: without tags, entities decoded, white space collapsed as HTML does.

    Tags go first, so that an escaped ``&lt;b&gt;``, which was meant to be read, stays.
    """
    return _WHITESPACE.sub(" ", html.unescape(_TAG.sub("", markup))).strip()
