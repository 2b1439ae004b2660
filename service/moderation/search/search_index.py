"""Search the text and author names of comments in any state, for moderators.

The index is filled from the log, so posting does not pay for it; a search first indexes the events committed before it.
An event only says which comment to index. The comment is indexed as it is now, so reading an event twice or late does
no harm.

*Why our own words*: each database splits and folds text by its own rules, and FTS5 uses Unicode 6.1. So both get words
that are already split (``search_words.py``).
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    bindparam,
    cast,
    column,
    delete,
    exists,
    false,
    func,
    insert,
    select,
    table,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow
from service.moderation.search.model import SearchEntryRow
from service.moderation.search.search_words import document_of, query_of
from service.platform.events.event_types import Event, EventType
from service.platform.events.log_readers import has_more, mark_unread, read_next
from service.platform.events.model import EventRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.portable import any_of, row_parameters, run_many

READER = "search"
MAX_INDEXED_BEFORE_SEARCH = 2_000  # events before a search, about half a second; sweeps index the older ones
# Events, or comments of imported threads, per transaction, and the characters of their comments, unless there is only
# one: 13 ms of the writer.
BATCH, BATCH_CHARACTERS = 50, 10_000

_Texts = Row[UUID, str, str]  # a comment's id, its author's name, its body
_FULL_TEXT = table("search_words", column("rowid"), column("document"), column("search_words"))


async def search_condition(database: Database, site: Site, query: str) -> ColumnElement[bool]:
    """Return the SQL condition for ``query``, after indexing the latest comments."""
    condition = match_condition(database.dialect, site, query)
    if condition is None:  # a query without words matches no comment
        return false()
    await index_comments(database, site, limit=MAX_INDEXED_BEFORE_SEARCH)
    return condition


def match_condition(dialect: str, site: Site, query: str) -> ColumnElement[bool] | None:
    """Return the condition that a comment has all words of ``query``, the last as a prefix; None without a word."""
    words = query_of(dialect, query)
    if words is None:
        return None
    found = select(SearchEntryRow.comment_id).where(SearchEntryRow.site_id == site.id)
    if dialect == "sqlite":
        rows = select(_FULL_TEXT.c.rowid).where(_FULL_TEXT.c.search_words.op("MATCH")(words))
        return CommentRow.id.in_(found.where(SearchEntryRow.id.in_(rows)))
    # MATERIALIZED, because PostgreSQL would otherwise scan comments in order until a page is full: for a rare or
    # missing word that means all of them.
    ids = found.where(SearchEntryRow.document.op("@@")(cast(words, TSQUERY))).cte("found").prefix_with("MATERIALIZED")
    return CommentRow.id.in_(select(ids.c.comment_id))


async def index_comments(database: Database, site: Site, *, limit: int) -> int:
    """Index the comments of the next ``limit`` events of ``site``; return the number done, 0 at the end of the log.

    An imported thread is one event, but each of its comments counts like an event.
    """
    async with database.read() as connection:
        if not await has_more(connection, site.id, READER):
            return 0
    done, indexed = 0, 1
    while indexed and done < limit:
        async with database.write() as connection:
            indexed = await _index_batch(connection, site, limit=min(BATCH, limit - done))
        done += indexed
    return done


async def _index_batch(connection: AsyncConnection, site: Site, *, limit: int) -> int:
    events = await read_next(connection, site.id, READER, limit=limit)
    if added := await _add_imported(connection, site, events, limit=limit):
        await mark_unread(connection, site.id, READER, events)  # the thread may have more comments to index
        return added
    about = [comment.id if comment else None for comment in map(_comment_of, events)]
    fitting = await _count_fitting(connection, about)
    if fitting < len(events):
        await mark_unread(connection, site.id, READER, events[fitting:])
    await _update(connection, site, [comment_id for comment_id in about[:fitting] if comment_id])
    return fitting


async def _add_imported(connection: AsyncConnection, site: Site, events: list[Event], *, limit: int) -> int:
    """Index comments of imported threads in ``events`` that are not indexed yet; return how many."""
    positions = [event.position for event in events if event.type == EventType.THREAD_IMPORTED]
    if not positions:
        return 0
    threads = select(EventRow.thread_id).where(EventRow.site_id == site.id, EventRow.position.in_(positions))
    unknown = ~exists().where(SearchEntryRow.comment_id == CommentRow.id)
    missing = select(CommentRow.id).where(CommentRow.thread_id.in_(threads), CommentRow.body != "", unknown)
    ids = (await connection.scalars(missing.limit(limit))).all()
    fitting = ids[: await _count_fitting(connection, ids)]
    await _update(connection, site, fitting)
    return len(fitting)


async def _count_fitting(connection: AsyncConnection, ids: Sequence[UUID | None]) -> int:
    """Return how many of ``ids``, from the first on, have comments of :data:`BATCH_CHARACTERS`; at least one."""
    dialect, given = connection.dialect.name, {each for each in ids if each}
    if not given:
        return len(ids)
    rows = await connection.execute(_read_lengths(dialect), row_parameters(dialect, [(each,) for each in given]))
    lengths = {row.id: row.characters for row in rows}
    sizes = accumulate(lengths.pop(each, 0) if each else 0 for each in ids)
    return max(1, len([size for size in sizes if size <= BATCH_CHARACTERS]))


_TEXTS = (CommentRow.id, CommentRow.author_name, CommentRow.body)


class _EventComment(msgspec.Struct):
    id: UUID


class _EventData(msgspec.Struct):
    comment: _EventComment | None = None


def _comment_of(event: Event) -> _EventComment | None:
    return msgspec.json.decode(event.data, type=_EventData).comment


async def _update(connection: AsyncConnection, site: Site, ids: Sequence[UUID]) -> None:
    """Update the index entries of the comments ``ids`` to their current text."""
    if not ids:
        return
    dialect, given = connection.dialect.name, row_parameters(connection.dialect.name, [(id_,) for id_ in ids])
    known = set(await connection.scalars(_read_known(dialect), given))
    rows = (await connection.execute(_read_texts(dialect), given)).all()
    await _add(connection, site, [row for row in rows if row.body and row.id not in known])
    entries = [(row.id, _document(dialect, row)) for row in rows if row.id in known]
    await run_many(
        connection, _WRITE_DOCUMENT, [{"of_comment": id_, "given": words, "theirs": words} for id_, words in entries]
    )


@lru_cache
def _read_known(dialect: str) -> Select[UUID]:
    return select(SearchEntryRow.comment_id).where(any_of(dialect, SearchEntryRow.comment_id))


@lru_cache
def _read_lengths(dialect: str) -> Select[UUID, int]:
    return select(CommentRow.id, func.length(CommentRow.body).label("characters")).where(any_of(dialect, CommentRow.id))


@lru_cache
def _read_texts(dialect: str) -> Select[UUID, str, str]:
    return select(*_TEXTS).where(any_of(dialect, CommentRow.id))


_NEW_DOCUMENT, _COMPARED_DOCUMENT = (
    bindparam(name, type_=SearchEntryRow.document.type) for name in ("given", "theirs")
)
_WRITE_DOCUMENT = (
    update(SearchEntryRow)
    .where(SearchEntryRow.comment_id == bindparam("of_comment"), SearchEntryRow.document != _COMPARED_DOCUMENT)
    .values(document=_NEW_DOCUMENT, has_stale_words=true())
)


async def _add(connection: AsyncConnection, site: Site, rows: Sequence[_Texts]) -> None:
    dialect = connection.dialect.name
    entries = [
        {"comment_id": row.id, "site_id": site.id, "document": _document(dialect, row), "has_stale_words": False}
        for row in rows
    ]
    await run_many(connection, _INSERT_ENTRY, entries)
    if dialect == "sqlite" and entries:
        await connection.execute(_INDEX_WORDS, row_parameters(dialect, [(row.id,) for row in rows]))


# *Why not a trigger*: FTS5 would write and merge the index for each row, which takes ten times as long.
_INDEX_WORDS = insert(_FULL_TEXT).from_select(
    ["rowid", "document"],
    select(SearchEntryRow.id, SearchEntryRow.document).where(any_of("sqlite", SearchEntryRow.comment_id)),
)
_GIVEN = ("comment_id", "site_id", "document", "has_stale_words")
_INSERT_ENTRY = insert(SearchEntryRow).inline().values({name: bindparam(name) for name in _GIVEN})


def _document(dialect: str, row: _Texts) -> str:
    """Return the words to index; none if the author deleted the comment."""
    return document_of(dialect, row.author_name, row.body) if row.body else ""


async def prune_words(database: Database) -> None:
    """Remove from the index the words its documents no longer contain, and the empty entries.

    FTS5 only flags a word as deleted and keeps it until all its segments are merged, so they are merged here, some
    pages per transaction. (“secure-delete” needs a later SQLite than Python's.) On PostgreSQL, vacuum does this.
    """
    merged = False
    while not merged:
        async with database.read() as connection:
            if await connection.scalar(_STALE) is None:
                return
        async with database.write() as connection:
            merged = database.dialect != "sqlite" or not await _merge_pages(connection)
            if merged:
                await connection.execute(_DELETE_EMPTY)
                await connection.execute(_CLEAR_STALE)


async def _merge_pages(connection: AsyncConnection) -> bool:
    """Merge part of SQLite's index; return whether more may be left (SQLite's FTS5 documentation, section 6.8)."""
    before = (await connection.execute(_CHANGES)).scalar_one()
    await connection.execute(_MERGE)
    return (await connection.execute(_CHANGES)).scalar_one() - before >= 2


_CHANGES = select(func.total_changes(type_=Integer))
_MERGE = text("INSERT INTO search_words (search_words, rank) VALUES ('merge', -200)")  # 200 pages at most
_STALE = select(SearchEntryRow.id).where(SearchEntryRow.has_stale_words).limit(1)
_DELETE_EMPTY = delete(SearchEntryRow).where(
    SearchEntryRow.has_stale_words, cast(SearchEntryRow.document, String) == ""
)
_CLEAR_STALE = update(SearchEntryRow).where(SearchEntryRow.has_stale_words).values(has_stale_words=False)
