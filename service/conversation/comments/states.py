"""The only writer of comment states: sets the state, the count and ``shown``, and appends the event.

Promises 1 and 5: state, count, ``shown`` and event change here, together, under the thread's lock.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from service.conversation.comments.model import Comment, CommentRow, State
from service.conversation.comments.tree_paths import ancestors, subtree_end
from service.conversation.comments.visibility import event_view
from service.conversation.screening.findings import Action
from service.conversation.threads.counts import write_counts
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_events import thread_event
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType, NewEvent
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters

WRITTEN_COLUMNS = (
    *("state", "shown", "revision", "reports", "author_name", "author_email", "author_url", "author_avatar"),
    *("body", "html", "edited_at", "text_hash", "author_subject", "featured"),
)

# The state after each action of screening except reject, and the states from the strictest.
STATE_AFTER: dict[Action, State] = {"publish": State.PUBLISHED, "hold": State.PENDING, "spam": State.SPAM}
STRICTEST_STATES = (State.SPAM, State.PENDING, State.PUBLISHED)


# The event of a new comment, by its state.
ARRIVAL_EVENTS = {
    State.PUBLISHED: EventType.COMMENT_PUBLISHED,
    State.PENDING: EventType.COMMENT_HELD,
    State.SPAM: EventType.COMMENT_SPAM,
}


class Change(msgspec.Struct):
    """A comment and its next state; ``comment`` already holds any new text.

    ``automated`` is whether a rule decided it, not a person; None if its author changed it. ``reason`` is the coded
    reason of a moderator.
    """

    thread: Thread
    site: Site
    comment: Comment
    to: State
    event: EventType
    automated: bool | None = None
    reason: str | None = None


def count_new_comment(thread: Thread, site: Site, comment: Comment, *, now: datetime) -> NewEvent:
    """Count a comment that has just arrived in ``thread``, and return its event."""
    count_imported_comment(thread, comment)
    data: dict[str, object] = {"comment": event_view(comment)}
    if comment.state is not State.PUBLISHED:
        data |= {"reason": None, "automated": True}
    return thread_event(thread, site, ARRIVAL_EVENTS[comment.state], occurred_at=now, **data)


def count_imported_comment(thread: Thread, comment: Comment) -> None:
    """Count an imported comment without an event; one event of the thread covers the whole import."""
    published = comment.state is State.PUBLISHED
    thread.reply_count += published
    thread.shown_version += published


async def change_states(
    connection: AsyncConnection, changes: Sequence[Change], *, now: datetime, earlier_events: Sequence[NewEvent] = ()
) -> None:
    """Apply ``changes`` in order; the caller has locked their threads.

    ``earlier_events`` of the same transaction are appended first. The revision of each comment goes up by one.
    """
    events = [*earlier_events, *(_apply(change, now) for change in changes)]
    if changes:
        rows = [_row(change.comment) for change in changes]
        await connection.execute(_WRITE_COMMENT, rows)
        await update_shown(connection, {place for change in changes for place in _places(change)})
    threads = {change.thread.id: change.thread for change in changes}
    await write_counts(connection, threads.values(), now=now)
    await append_events(connection, events)


async def erase_comments(
    connection: AsyncConnection, thread: Thread, comments: Sequence[Comment], *, replies_stay: bool, now: datetime
) -> None:
    """Erase the text and authors of ``comments`` in a locked thread; one later event covers the whole erasure.

    They are in reading order, last first. Everything below them is erased before or with them, unless ``replies_stay``.
    """
    dialect = connection.dialect.name
    erase = update(CommentRow).where(any_of(dialect, CommentRow.id)).values(_ERASED | {"revision": _NEXT_REVISION})
    await connection.execute(erase, row_parameters(dialect, [(comment.id,) for comment in comments]))
    paths = {*ancestors(comments[-1].path), *(comment.path for comment in comments if replies_stay)}
    await update_shown(connection, {(thread.id, path) for path in paths})
    thread.reply_count -= sum(comment.state is State.PUBLISHED for comment in comments)
    thread.shown_version += 1
    await write_counts(connection, [thread], now=now)


_NEXT_REVISION = CommentRow.revision + 1
_ERASED_COLUMNS = (
    "author_email",
    "author_url",
    "author_avatar",
    "author_subject",
    "edited_at",
    "text_hash",
    "address_fingerprint",
    "reports",
)
_ERASED = {
    **dict.fromkeys(_ERASED_COLUMNS),
    **dict.fromkeys(("author_name", "body", "html"), ""),
    "state": State.DELETED.value,
    "shown": False,
    "featured": False,
}


def _apply(change: Change, now: datetime) -> NewEvent:
    thread, comment, before = change.thread, change.comment, change.comment.state
    comment.state = change.to
    comment.revision += 1
    comment.featured = comment.featured and comment.state is State.PUBLISHED
    thread.reply_count += (comment.state is State.PUBLISHED) - (before is State.PUBLISHED)
    thread.shown_version += comment.shown or comment.state is State.PUBLISHED
    comment.shown = comment.state is State.PUBLISHED  # update_shown sets it for tombstones
    data: dict[str, object] = {"comment": event_view(comment), "previous_state": before}
    if change.automated is not None:
        data |= {"reason": change.reason, "automated": change.automated}
    return thread_event(thread, change.site, change.event, occurred_at=now, **data)


def _places(change: Change) -> list[tuple[int, bytes]]:
    """Return the thread and path of each comment whose ``shown`` may change: this one and all its ancestors."""
    path = change.comment.path
    return [(change.thread.id, each) for each in [*ancestors(path), path]]


def _row(comment: Comment) -> dict[str, object]:
    return {"comment_id": comment.id, **{name: getattr(comment, name) for name in WRITTEN_COLUMNS}}


_WRITE_COMMENT = (
    update(CommentRow)
    .where(CommentRow.id == bindparam("comment_id"))
    .values({name: bindparam(name) for name in WRITTEN_COLUMNS})
)


async def update_shown(connection: AsyncConnection, places: Collection[tuple[int, bytes]]) -> None:
    """Set ``shown`` at ``places``, pairs of thread and path: true exactly if it or a descendant is published."""
    rows = [
        {"in_thread": thread_id, "at_path": path, "subtree_end": subtree_end(path)}
        for thread_id, path in sorted(places)
    ]
    if rows:
        await connection.execute(_UPDATE_SHOWN, rows)


def _is_shown() -> ColumnElement[bool]:
    below = aliased(CommentRow)
    published_below = exists().where(
        and_(
            below.thread_id == bindparam("in_thread"),
            below.path > bindparam("at_path"),
            below.path < bindparam("subtree_end"),
            below.shown,  # published rows are already shown, and the partial index holds only shown rows
            below.state == State.PUBLISHED.value,
        )
    )
    return or_(CommentRow.state == State.PUBLISHED.value, published_below)


_UPDATE_SHOWN = (
    update(CommentRow)
    .where(CommentRow.thread_id == bindparam("in_thread"), CommentRow.path == bindparam("at_path"))
    .values(shown=_is_shown())
)
