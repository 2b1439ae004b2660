"""Tables of comments, findings, idempotency keys and spam filters, and the comment struct."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of

AuthorRole = Literal["guest", "reader", "staff", "moderator"]
IS_STAFF = text("comments.author_role IN ('staff', 'moderator')")  # worded as in the partial index


class State(StrEnum):
    """The state of a comment; only published comments count."""

    PUBLISHED = "published"
    PENDING = "pending"
    REJECTED = "rejected"
    SPAM = "spam"
    DELETED = "deleted"


# A partial index is used only if the statement repeats its condition: for SQLite, SQLAlchemy writes booleans as “= 1”.
_SHOWN, _SHOWN_IN_SQLITE = text("shown"), text("shown = 1")
_PENDING_OR_SPAM = text("state IN ('pending', 'spam')")
_NOT_PUBLISHED = text("state <> 'published'")
_IMPORTED = text("imported_from IS NOT NULL")
_HAS_TEXT_HASH, _HAS_FINGERPRINT = text("text_hash IS NOT NULL"), text("address_fingerprint IS NOT NULL")
_REPORTED, _FEATURED, _PICKED = text("reports > 0"), text("featured"), text("featured = 1")

_OF_STAFF = text("author_role IN ('staff', 'moderator')")


class CommentRow(Base):
    """A comment posted by a reader.

    ``shown`` means: published, or has a published descendant (a tombstone). The partial indexes hold shown rows only,
    so a flood of spam costs readers nothing. ``text_hash`` is a hash of the folded text within its thread;
    ``address_fingerprint`` is that of the author's address. ``reports`` counts reports since the last review; NULL
    means that a moderator has decided on the current text. Columns have defaults for the previous release.
    """

    __tablename__ = "comments"
    __table_args__ = (
        UniqueConstraint("thread_id", "path"),
        Index("ix_comments_shown_oldest", "thread_id", "path", sqlite_where=_SHOWN_IN_SQLITE, postgresql_where=_SHOWN),
        Index(
            "ix_comments_shown_newest",
            "thread_id",
            "newest_path",
            sqlite_where=_SHOWN_IN_SQLITE,
            postgresql_where=_SHOWN,
        ),
        Index(
            "ix_comments_pending_or_spam",
            "thread_id",
            "reader_id",
            "path",
            sqlite_where=_PENDING_OR_SPAM,
            postgresql_where=_PENDING_OR_SPAM,
        ),
        Index("ix_comments_queue", "state", "id", sqlite_where=_NOT_PUBLISHED, postgresql_where=_NOT_PUBLISHED),
        Index("ix_comments_reader", "reader_id", "id"),
        # Partial on SQLite only: the condition it needs would let PostgreSQL scan the retention index instead.
        Index("ix_comments_text_hash", "text_hash", "id", sqlite_where=_HAS_TEXT_HASH),
        Index("ix_comments_address_fingerprint", "address_fingerprint", "id", sqlite_where=_HAS_FINGERPRINT),
        Index(
            "ix_comments_fingerprint_retention",
            "created_at",
            sqlite_where=_HAS_FINGERPRINT,
            postgresql_where=_HAS_FINGERPRINT,
        ),
        Index("ix_comments_featured", "thread_id", "path", sqlite_where=_PICKED, postgresql_where=_FEATURED),
        Index("ix_comments_reported", "id", sqlite_where=_REPORTED, postgresql_where=_REPORTED),
        Index(
            "ix_comments_imported",
            "imported_from",
            "thread_id",
            unique=True,
            sqlite_where=_IMPORTED,
            postgresql_where=_IMPORTED,
        ),
        Index("ix_comments_staff", "author_name", sqlite_where=_OF_STAFF, postgresql_where=_OF_STAFF),
        one_of("state", State),
        CheckConstraint("shown OR state <> 'published'", name="shown"),
        CheckConstraint("depth BETWEEN 0 AND 20", name="depth"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("comments.id"))
    path: Mapped[bytes] = mapped_column(LargeBinary(84))
    newest_path: Mapped[bytes] = mapped_column(LargeBinary(84))
    depth: Mapped[int]
    state: Mapped[str] = mapped_column(String(9))
    shown: Mapped[bool]
    reader_id: Mapped[UUID]
    author_name: Mapped[str] = mapped_column(String(100))
    author_email: Mapped[str | None] = mapped_column(String(254))
    author_url: Mapped[str | None] = mapped_column(String(2000))
    author_role: Mapped[str] = mapped_column(String(16), server_default="guest")
    author_avatar: Mapped[str | None] = mapped_column(String(2000))
    body: Mapped[str]
    html: Mapped[str]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    text_hash: Mapped[int | None] = mapped_column(BigInteger)
    address_fingerprint: Mapped[int | None] = mapped_column(BigInteger)
    reports: Mapped[int | None] = mapped_column(server_default="0")
    imported_from: Mapped[str | None] = mapped_column(String(100))
    author_subject: Mapped[str | None] = mapped_column(String(255))
    featured: Mapped[bool] = mapped_column(server_default=false())


class PostAuthor(NamedTuple):
    """The author of a post: what readers see of them, their e-mail address, and the host's id of a signed-in user."""

    name: str
    email: str | None = None
    url: str | None = None
    role: AuthorRole = "guest"
    avatar: str | None = None
    subject: str | None = None


class Comment(msgspec.Struct):
    """A comment within one transaction. ``path`` is its place in the tree (``tree_paths.py``).

    ``imported_from`` names its id in another system (``imported_ids.py``).
    ``author_subject`` is the host's id of an author who was signed in.
    """

    id: UUID
    thread_id: int
    parent_id: UUID | None
    path: bytes
    depth: int
    state: State
    shown: bool
    reader_id: UUID
    author_name: str
    author_email: str | None
    author_url: str | None
    author_role: AuthorRole
    author_avatar: str | None
    body: str
    html: str
    revision: int
    created_at: datetime
    edited_at: datetime | None
    text_hash: int | None
    address_fingerprint: int | None
    reports: int | None
    imported_from: str | None = None
    author_subject: str | None = None
    featured: bool = False


class LoggedComment(msgspec.Struct):
    """The facts about a comment that an event holds: its true state at the event, but no text."""

    id: UUID
    parent_id: UUID | None
    depth: int
    state: State
    created_at: datetime
    edited_at: datetime | None
    revision: int


class FindingRow(Base):
    """A finding on a comment from its arrival or last edit; erased with the comment's text.

    In ``shadow`` nothing followed from it. ``details`` has all findings of the screening webhook, as JSON.
    """

    __tablename__ = "findings"
    __table_args__ = ({"sqlite_with_rowid": False},)

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    rule: Mapped[str] = mapped_column(String(32), primary_key=True)
    action: Mapped[str] = mapped_column(String(9))
    matched: Mapped[str | None] = mapped_column(String(300))
    shadow: Mapped[bool] = mapped_column(server_default=false())
    details: Mapped[str | None]


COLUMNS = tuple(getattr(CommentRow, name) for name in Comment.__struct_fields__)


def comment_of(row: Sequence[Any]) -> Comment:
    """Build the comment from a row of :data:`COLUMNS`."""
    comment = Comment(*row)
    comment.state = _STATES[comment.state]
    return comment


_STATES = {str(state): state for state in State}  # to call State for each row takes five times as long


class IdempotencyKeyRow(Base):
    """An accepted post, kept for a day so that sending it again changes nothing (promise 4).

    ``fingerprint`` is the hash that shows whether a retry is the same post.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = ({"sqlite_with_rowid": False},)

    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("threads.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(16))
    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"))
    status: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(index=True)


class ClassifierRow(Base):
    """A site's spam filter, trained on the decisions in its log up to ``position``.

    ``counts`` are the feature counts (``screening/spam_model.py``) as MessagePack; ``version`` changes with them.
    """

    __tablename__ = "classifiers"

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    features_version: Mapped[int]
    position: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    counts: Mapped[bytes]
