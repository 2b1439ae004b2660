"""Find readers by an id, or by words and names of their comments; and the measures in force."""

import re
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.conversation.comments.comment_lookup import find_comment
from service.conversation.comments.model import Comment
from service.conversation.readers.model import MeasureAction
from service.desk.forms.refused_forms import RefusedForm
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.measures.reader_history import get_reader_history
from service.moderation.measures.reader_measures import list_measures
from service.moderation.queue.review_queue import QueueFilter, read_queue
from service.moderation.search.search_index import search_condition
from service.platform import clock
from service.platform.http.cursors import decode_id, encode_cursor
from service.platform.problems import NotFound

MEASURES, SEARCHED = 50, 100  # measures on a page, and the newest comments whose authors are listed
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")


class ReadersQuery(msgspec.Struct, kw_only=True, frozen=True):
    """An id or words, the measures to list, the place in them, and what was done."""

    q: Annotated[str, Meta(max_length=200)] | None = None
    action: MeasureAction | None = None
    cursor: Annotated[str, Meta(max_length=100)] | None = None
    said: Annotated[str, Meta(max_length=32)] | None = None


async def get_readers(desk: DeskRequest) -> Response:
    """Send the readers found and the measures in force; for the id of a reader or comment, go to the reader."""
    query = desk.query(ReadersQuery)
    found: list[Comment] = []
    if query.q:
        if ids := _ID.findall(query.q):
            reader = await _reader_of(desk, UUID(ids[-1]))
            if reader is not None:
                return desk.see_other(desk.path(f"readers/{reader}"))
        else:
            found = await _search(desk, query.q)
    return await show_readers(desk, query, found=found)


async def show_readers(
    desk: DeskRequest, query: ReadersQuery, *, found: list[Comment], refused: RefusedForm | None = None
) -> Response:
    """Show the page; ``found`` are the newest comments of the readers found, one each."""
    measures, cursor = [], None
    if desk.caller.own_sections is None:
        async with desk.database.read() as connection:
            measures = await list_measures(
                connection, desk.site, action=query.action, before=decode_id(query.cursor), limit=MEASURES + 1
            )
        cursor = encode_cursor(measures[MEASURES - 1].id.bytes) if len(measures) > MEASURES else None
    return desk.page(
        "reader_list.html",
        status=refused.status if refused else 200,
        query=query,
        found=found,
        sees_measures=desk.caller.own_sections is None,
        measures=measures[:MEASURES],
        cursor=cursor,
        refused=refused,
        fields=desk.fields,
    )


async def _reader_of(desk: DeskRequest, id_: UUID) -> UUID | None:
    """Return the reader with this id, or the author of the comment with this id, in the moderator's sections."""
    async with desk.database.read() as connection:
        try:
            return (await get_reader_history(connection, desk.site, id_, sections=desk.caller.own_sections)).id
        except NotFound:
            pass
        try:
            comment, thread = await find_comment(connection, desk.site, id_)
        except NotFound:
            return None
    return comment.reader_id if desk.caller.moderates(thread.section) else None


async def _search(desk: DeskRequest, words: str) -> list[Comment]:
    condition = await search_condition(desk.database, desk.site, words)
    criteria = QueueFilter(state="any", sections=desk.caller.own_sections, words=condition, order="newest")
    async with desk.database.read() as connection:
        queued, _ = await read_queue(
            connection, desk.site, criteria, by=None, after=None, limit=SEARCHED, now=clock.now()
        )
    newest: dict[UUID, Comment] = {}
    for each in queued:
        newest.setdefault(each.comment.reader_id, each.comment)
    return [*newest.values()]
