"""Store the threads of another system, in any format.

Each article is one transaction with one event, so an interrupted import leaves only complete articles. Every
comment keeps its key from the source, so a second import adds only missing comments and duplicates nothing.
"""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.accept_batch import comment_row
from service.conversation.comments.imported_ids import imported_from
from service.conversation.comments.model import Comment, CommentRow, State
from service.conversation.comments.render import sanitise_imported
from service.conversation.comments.states import count_imported_comment, update_shown
from service.conversation.comments.tree_paths import child_position
from service.conversation.threads.close_thread import close_due_threads, write_closing_columns
from service.conversation.threads.counts import write_counts
from service.conversation.threads.lock_threads import lock_threads
from service.conversation.threads.model import Thread, ThreadRow
from service.conversation.threads.register_article import new_thread
from service.conversation.threads.thread_events import thread_event
from service.integrations.imports.archive import ArchivedComment, ArchivedThread
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType
from service.platform.sites.sections import MAX_SECTION
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, insert_if_absent, insert_many, row_parameters
from service.platform.text.plain_text import clean_line, clean_text, is_blank
from service.platform.text.web_urls import canonical_url, is_web_url, with_canonical_origin
from service.platform.wire import MAX_YEAR

BATCH = 1_000
HIDDEN_UNTIL = datetime(MAX_YEAR, 12, 31, tzinfo=UTC)
ANONYMOUS = "Anonymous"


class ImportReport(msgspec.Struct):
    """The result of an import: articles by outcome, added comments by state, skipped comments by reason."""

    threads: Counter[str] = msgspec.field(default_factory=Counter)
    added: Counter[str] = msgspec.field(default_factory=Counter)
    skipped: Counter[str] = msgspec.field(default_factory=Counter)


class _StoredComment(msgspec.Struct):
    """A comment that is already stored, as far as its replies need it."""

    id: UUID
    path: bytes


async def import_thread(
    connection: AsyncConnection, site: Site, archived: ArchivedThread, *, source: str, pings: bool, report: ImportReport
) -> None:
    """Store one article and its comments, all or nothing, and count the results in ``report``.

    ``source`` names the other system; ``pings`` includes pingbacks and trackbacks. An article that was not public
    stays hidden from readers until the host registers its publication date.
    """
    thread, created = await _lock_or_create(connection, site, archived)
    now = clock.now()
    events = await close_due_threads(connection, [thread], {site.id: site}, now=now)
    before = thread.places
    unpublished: set[tuple[int, bytes]] = set()
    comments = iter(archived.comments)
    while batch := list(islice(comments, BATCH)):
        unpublished |= await _add(connection, thread, site, batch, source=source, pings=pings, report=report)
    await update_shown(connection, unpublished)
    closes = archived.closed and thread.closed_at is None and (created or thread.places > before)
    if closes:
        thread.closed_at = now
        await write_closing_columns(connection, thread)
    if created or closes or thread.places > before:
        events.append(thread_event(thread, site, EventType.THREAD_IMPORTED, occurred_at=now))
        await write_counts(connection, [thread], now=now)
    await append_events(connection, events)
    report.threads["created" if created else "known"] += 1


async def _lock_or_create(connection: AsyncConnection, site: Site, archived: ArchivedThread) -> tuple[Thread, bool]:
    """Return the locked thread of an article; an existing one keeps the host's values."""
    key = site.id, archived.article
    if found := await lock_threads(connection, [key]):  # also finds a previous id of the article
        return found[key], False
    url = canonical_url(archived.url) if is_web_url(archived.url) else None
    published_at = archived.published_at if archived.visibility == "published" else HIDDEN_UNTIL
    title = clean_line(archived.title)[:500] or archived.article
    section = clean_line(archived.section)[:MAX_SECTION] or None
    values = {"title": title, "url": url, "section": section, "published_at": published_at}
    created = await connection.execute(
        insert_if_absent(connection, ThreadRow)
        .values(new_thread(site, archived.article, values))
        .returning(ThreadRow.id)
    )
    is_new = created.one_or_none() is not None
    return (await lock_threads(connection, [key]))[key], is_new


async def _add(
    connection: AsyncConnection,
    thread: Thread,
    site: Site,
    batch: list[ArchivedComment],
    *,
    source: str,
    pings: bool,
    report: ImportReport,
) -> set[tuple[int, bytes]]:
    """Store the comments of ``batch`` that are new; return the places of the unpublished ones."""
    known = await _read_stored(connection, thread, _keys(batch, source))
    rows = []
    unpublished = set()
    for archived in batch:
        key = imported_from(source, archived.key)
        if archived.kind != "comment" and not pings:
            report.skipped[archived.kind] += 1
        elif key in known:
            report.skipped["already imported"] += 1
        else:
            parent = known.get(imported_from(source, archived.parent_key)) if archived.parent_key else None
            comment = _comment(thread, site, archived, parent, key=key)
            count_imported_comment(thread, comment)
            rows.append(comment_row(comment))
            known[key] = _StoredComment(comment.id, comment.path)
            report.added[comment.state] += 1
            if comment.state is not State.PUBLISHED:
                unpublished.add((thread.id, comment.path))
    await insert_many(connection, CommentRow, rows)
    return unpublished


async def _read_stored(connection: AsyncConnection, thread: Thread, keys: set[str]) -> dict[str, _StoredComment]:
    dialect = connection.dialect.name
    statement = select(CommentRow.imported_from, CommentRow.id, CommentRow.path).where(
        CommentRow.thread_id == thread.id, any_of(dialect, CommentRow.imported_from)
    )
    rows = await connection.execute(statement, row_parameters(dialect, [(key,) for key in sorted(keys)]))
    return {key: _StoredComment(comment_id, path) for key, comment_id, path in rows if key}


def _keys(batch: list[ArchivedComment], source: str) -> set[str]:
    given = {archived.key for archived in batch} | {archived.parent_key for archived in batch}
    return {imported_from(source, key) for key in given if key}


def _comment(
    thread: Thread, site: Site, archived: ArchivedComment, parent: _StoredComment | None, *, key: str
) -> Comment:
    """Convert an archived comment, at the thread's next place and with its original date."""
    thread.places += 1
    position = child_position(parent.path if parent else None, thread.places, max_depth=site.settings.max_depth)
    state = State(archived.state)
    name = clean_line(archived.author_name)[:100]
    return Comment(
        id=clock.new_id(),
        thread_id=thread.id,
        parent_id=parent.id if parent else None,
        path=position.path,
        depth=position.depth,
        state=state,
        shown=state is State.PUBLISHED,
        reader_id=clock.new_id(),
        author_name=ANONYMOUS if is_blank(name) else name,
        author_email=archived.author_email if "@" in archived.author_email[1:254] else None,
        author_url=with_canonical_origin(archived.author_url),
        author_role="guest",
        author_avatar=None,
        body=clean_text(archived.content),
        html=sanitise_imported(archived.content),
        revision=1,
        created_at=archived.created_at,
        edited_at=None,
        text_hash=None,
        address_fingerprint=None,
        reports=0,
        imported_from=key,
    )
