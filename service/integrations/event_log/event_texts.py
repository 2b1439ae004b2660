"""Add texts to events: the log holds facts, so its readers get each text as it is now.

A comment's text is added only while the comment is published at the event's revision. Otherwise ``text_withheld`` says
why it is missing. So a text that was deleted, rejected or edited away is never sent again, however late an event is
read, delivered or redelivered. An endpoint that may have texts on hold also gets the text of a pending comment, with
the event that held it.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import read_comments
from service.conversation.comments.model import Comment, CommentRow, LoggedComment, State
from service.conversation.comments.visibility import author_out, text_withheld
from service.conversation.readers.model import MeasureRow, ReportRow
from service.integrations.event_log.wire import EventAuthorOut, EventCommentOut, EventOut, ParentAuthorOut, ParentOut
from service.platform.events.event_types import Event
from service.platform.storage.portable import any_of, row_parameters


class _Identified(msgspec.Struct):
    id: UUID


_Data = dict[str, Raw]
_encode = msgspec.json.Encoder().encode
_decode_data = msgspec.json.Decoder(_Data).decode
_decode_comment = msgspec.json.Decoder(LoggedComment).decode
_decode_id = msgspec.json.Decoder(_Identified).decode


async def add_texts(connection: AsyncConnection, events: Sequence[Event], *, held_text: bool = False) -> list[EventOut]:
    """Return ``events``, read earlier on this connection, with their texts as they are now.

    ``held_text`` is whether the recipient may have the texts of pending comments.
    """
    data = [_decode_data(event.data) for event in events]
    logged = [_decode_comment(each["comment"]) if "comment" in each else None for each in data]
    comments = await read_comments(connection, {comment.id for comment in logged if comment})
    parents = await _read_parents(connection, {each.parent_id for each in logged if each and each.parent_id})
    notes = await _read_texts(connection, _notes, _ids_of("report", data))
    reasons = await _read_texts(connection, _reasons, _ids_of("ban", data))
    for members, comment in zip(data, logged, strict=True):
        if comment:
            with_text = _with_text(comment, comments.get(comment.id), parents, held_text=held_text)
            members["comment"] = Raw(_encode(with_text))
            if "report" in members:
                shows_note = with_text.text_withheld in {None, "held"}  # a note may quote a text that is gone
                members["report"] = _with_member(members["report"], "note", notes if shows_note else {})
        if "ban" in members:
            members["ban"] = _with_member(members["ban"], "reason", reasons)
    return [
        EventOut(each.id, each.type, each.position, each.sequence, each.occurred_at, Raw(_encode(members)))
        for each, members in zip(events, data, strict=True)
    ]


def _with_text(
    logged: LoggedComment, comment: Comment | None, parents: dict[UUID, ParentOut], *, held_text: bool
) -> EventCommentOut:
    withheld = text_withheld(comment, revision=logged.revision)
    if (
        held_text
        and withheld == "held"
        and comment
        and logged.state is State.PENDING
        and comment.revision == logged.revision
    ):
        withheld = None
    shown = comment if withheld is None else None
    return EventCommentOut(
        **msgspec.structs.asdict(logged),
        parent=parents.get(logged.parent_id, ParentOut(logged.parent_id, None)) if logged.parent_id else None,
        author=_author(shown) if shown else None,
        html=shown.html if shown else None,
        text_withheld=withheld,
    )


def _author(comment: Comment) -> EventAuthorOut:
    author = author_out(comment)
    return EventAuthorOut(author.name, author.url, author.role, author.avatar, comment.author_subject)


async def _read_parents(connection: AsyncConnection, ids: set[UUID]) -> dict[UUID, ParentOut]:
    """Return the published comments among ``ids``, as their replies' events have them."""
    if not ids:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_published(dialect), row_parameters(dialect, [(each,) for each in ids]))
    return {row[0]: ParentOut(row[0], ParentAuthorOut(row[1], row[2])) for row in rows}


@lru_cache
def _published(dialect: str) -> Select[*tuple[Any, ...]]:
    columns = select(CommentRow.id, CommentRow.author_name, CommentRow.author_subject)
    return columns.where(any_of(dialect, CommentRow.id), CommentRow.state == State.PUBLISHED.value)


def _with_member(subject: Raw, member: str, texts: dict[UUID, str | None]) -> Raw:
    """Return ``subject`` with its text as ``member``; null if it has none."""
    return Raw(_encode(_decode_data(subject) | {member: Raw(_encode(texts.get(_decode_id(subject).id)))}))


def _ids_of(noun: str, data: Sequence[_Data]) -> dict[UUID, UUID]:
    """Return the ids of the subjects ``noun`` in ``data``, each with the id to look it up by."""
    found = {}
    for members in data:
        if noun in members:
            key = members["comment"] if noun == "report" else members[noun]  # reports are keyed by their comment
            found[_decode_id(members[noun]).id] = _decode_id(key).id
    return found


async def _read_texts(
    connection: AsyncConnection, statement: Callable[[str], Select[*tuple[Any, ...]]], ids: dict[UUID, UUID]
) -> dict[UUID, str | None]:
    if not ids:
        return {}
    dialect = connection.dialect.name
    keys: Collection[UUID] = set(ids.values())
    rows = await connection.execute(statement(dialect), row_parameters(dialect, [(key,) for key in keys]))
    return {row[0]: row[1] for row in rows if row[0] in ids}


@lru_cache
def _notes(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(ReportRow.id, ReportRow.note).where(any_of(dialect, ReportRow.comment_id))


@lru_cache
def _reasons(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(MeasureRow.id, MeasureRow.reason).where(any_of(dialect, MeasureRow.id))
