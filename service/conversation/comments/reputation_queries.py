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
from service.conversation.screening.reputation_rules import SHORT, Past, Reputation, reputation_of
from service.platform.sites.site_rules import MAX_RECENT_COMMENTS, Rules
from service.platform.sites.site_settings import Mode
from service.platform.storage.portable import key_parameters, newest_per_key


class ReputationHistory(msgspec.Struct):
    """Past comments by reader, post times by address fingerprint, and last post time by hash of the text.

    All lists are newest first. Posts accepted in a batch are added, so later posts of the batch see them.
    """

    of_readers: defaultdict[UUID, list[Past]]
    of_addresses: defaultdict[int, list[datetime]]
    of_texts: dict[int, datetime]

    def add(self, comment: Comment) -> None:
        """Add a comment that has just arrived."""
        past = Past(comment.id, comment.state, comment.created_at, comment.words_mark)
        self.remember(past, comment.reader_id, comment.address_mark)

    def remember(self, past: Past, reader_id: UUID, address_fingerprint: int | None) -> None:
        """Add ``past`` as the newest entry; drop entries beyond :data:`MAX_RECENT_COMMENTS`."""
        of_reader = self.of_readers[reader_id]
        of_reader.insert(0, past)
        del of_reader[MAX_RECENT_COMMENTS:]
        if address_fingerprint is not None:
            of_address = self.of_addresses[address_fingerprint]
            of_address.insert(0, past.created_at)
            del of_address[MAX_RECENT_COMMENTS:]
        if past.text_hash is not None:
            self.of_texts[past.text_hash] = past.created_at

    def reputation(
        self, *, reader_id: UUID, address_fingerprint: int | None, text_hash: int, folded: str, now: datetime
    ) -> Reputation:
        """Return the reputation of an author who posts the text ``folded``."""
        return reputation_of(
            self.of_readers.get(reader_id, []),
            self.of_addresses.get(address_fingerprint, []) if address_fingerprint is not None else [],
            last_posted_at=self.of_texts.get(text_hash),
            text_hash=text_hash,
            is_short=len(folded) < SHORT,
            now=now,
        )


def no_history() -> ReputationHistory:
    """Return an empty history."""
    return ReputationHistory(defaultdict(list), defaultdict(list), {})


def uses_reputation(rules: Rules, mode: Mode) -> bool:
    """Whether any rule, or the mode, depends on reputation."""
    of_rules = (
        rules.duplicates,
        rules.max_per_minute_per_reader,
        rules.max_per_minute_per_address,
        rules.max_rejected_percent,
        rules.trusted_after_published,
    )
    return mode == "hold-first-timers" or any(setting is not None for setting in of_rules)


async def read_history(
    connection: AsyncConnection, *, readers: Collection[UUID], addresses: Collection[int], texts: Collection[int]
) -> ReputationHistory:
    """Read the history of ``readers``, of address fingerprints and of text hashes."""
    history, dialect = no_history(), connection.dialect.name
    if readers:
        for row in await connection.execute(_of_readers(dialect), key_parameters(dialect, readers)):
            history.of_readers[row.reader_id].append(Past(row.id, row.state, row.created_at, row.words_mark))
    if addresses:
        for row in await connection.execute(_of_addresses(dialect), key_parameters(dialect, addresses)):
            history.of_addresses[row.address_mark].append(row.created_at)
    if texts:
        for row in await connection.execute(_of_texts(dialect), key_parameters(dialect, texts)):
            history.of_texts.setdefault(row.words_mark, row.created_at)
    return history


@lru_cache
def _of_readers(dialect: str) -> Select[*tuple[Any, ...]]:
    columns = (CommentRow.id, CommentRow.state, CommentRow.created_at, CommentRow.words_mark)
    return newest_per_key(dialect, CommentRow.reader_id, columns, limit=MAX_RECENT_COMMENTS)


@lru_cache
def _of_addresses(dialect: str) -> Select[*tuple[Any, ...]]:
    return newest_per_key(dialect, CommentRow.address_mark, [CommentRow.created_at], limit=MAX_RECENT_COMMENTS)


@lru_cache
def _of_texts(dialect: str) -> Select[*tuple[Any, ...]]:
    return newest_per_key(dialect, CommentRow.words_mark, [CommentRow.created_at], limit=1)
