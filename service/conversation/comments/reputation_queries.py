"""Read the recent activity of authors, addresses and threads: a few rows each by index, once per batch."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import Comment, CommentRow
from service.conversation.screening.reputation_rules import SHORT_TEXT, PastComment, Reputation, reputation_of
from service.platform.sites.site_rules import MAX_RECENT_COMMENTS, Rules
from service.platform.sites.site_settings import Mode
from service.platform.storage.portable import key_parameters, newest_per_key


class RecentActivity(msgspec.Struct):
    """Past comments by reader, post times by address fingerprint, and last post time by hash of the text.

    All lists are newest first. Posts accepted in a batch are added, so later posts of the batch see them.
    """

    by_reader: defaultdict[UUID, list[PastComment]]
    by_address: defaultdict[int, list[datetime]]
    by_text: dict[int, datetime]

    def add(self, comment: Comment) -> None:
        """Add a comment that has just arrived."""
        past = PastComment(comment.id, comment.state, comment.created_at, comment.text_hash)
        self.add_past(past, comment.reader_id, comment.address_fingerprint)

    def add_past(self, past: PastComment, reader_id: UUID, address_fingerprint: int | None) -> None:
        """Add ``past`` as the newest entry; evict entries beyond :data:`MAX_RECENT_COMMENTS`."""
        of_reader = self.by_reader[reader_id]
        of_reader.insert(0, past)
        del of_reader[MAX_RECENT_COMMENTS:]
        if address_fingerprint is not None:
            of_address = self.by_address[address_fingerprint]
            of_address.insert(0, past.created_at)
            del of_address[MAX_RECENT_COMMENTS:]
        if past.text_hash is not None:
            self.by_text[past.text_hash] = past.created_at

    def reputation(
        self, *, reader_id: UUID, address_fingerprint: int | None, text_hash: int, folded: str, now: datetime
    ) -> Reputation:
        """Return the reputation of an author who posts the text ``folded``."""
        return reputation_of(
            self.by_reader.get(reader_id, []),
            self.by_address.get(address_fingerprint, []) if address_fingerprint is not None else [],
            last_posted_at=self.by_text.get(text_hash),
            text_hash=text_hash,
            is_short=len(folded) < SHORT_TEXT,
            now=now,
        )


def no_activity() -> RecentActivity:
    """Return an empty record of activity."""
    return RecentActivity(defaultdict(list), defaultdict(list), {})


def uses_reputation(rules: Rules, mode: Mode) -> bool:
    """Whether any rule, or the mode, depends on reputation."""
    settings = (
        rules.duplicates,
        rules.max_per_minute_per_reader,
        rules.max_per_minute_per_address,
        rules.max_rejected_percent,
        rules.trusted_after_published,
    )
    return mode == "hold-first-timers" or any(setting is not None for setting in settings)


async def read_activity(
    connection: AsyncConnection, *, readers: Collection[UUID], addresses: Collection[int], texts: Collection[int]
) -> RecentActivity:
    """Read the recent activity of ``readers``, of address fingerprints and of text hashes."""
    activity, dialect = no_activity(), connection.dialect.name
    if readers:
        for row in await connection.execute(_of_readers(dialect), key_parameters(dialect, readers)):
            activity.by_reader[row.reader_id].append(PastComment(row.id, row.state, row.created_at, row.text_hash))
    if addresses:
        for row in await connection.execute(_of_addresses(dialect), key_parameters(dialect, addresses)):
            activity.by_address[row.address_fingerprint].append(row.created_at)
    if texts:
        for row in await connection.execute(_of_texts(dialect), key_parameters(dialect, texts)):
            activity.by_text.setdefault(row.text_hash, row.created_at)
    return activity


@lru_cache
def _of_readers(dialect: str) -> Select[*tuple[Any, ...]]:
    columns = (CommentRow.id, CommentRow.state, CommentRow.created_at, CommentRow.text_hash)
    return newest_per_key(dialect, CommentRow.reader_id, columns, limit=MAX_RECENT_COMMENTS)


@lru_cache
def _of_addresses(dialect: str) -> Select[*tuple[Any, ...]]:
    return newest_per_key(dialect, CommentRow.address_fingerprint, [CommentRow.created_at], limit=MAX_RECENT_COMMENTS)


@lru_cache
def _of_texts(dialect: str) -> Select[*tuple[Any, ...]]:
    return newest_per_key(dialect, CommentRow.text_hash, [CommentRow.created_at], limit=1)
