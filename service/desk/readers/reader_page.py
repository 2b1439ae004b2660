"""A reader's record: measures, which moderators take and end here, and all comments."""

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.conversation.readers.model import MeasureAction
from service.desk.forms.refused_forms import RefusedForm, refused_form
from service.desk.readers.readers_page import ReadersQuery, show_readers
from service.desk.review.decided_codes import decode_decided
from service.desk.review.queue_cards import offered_reasons
from service.desk.review.queue_page import read_views
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.measures.measures_by_caller import end_own_measure, take_own_measure
from service.moderation.measures.reader_history import get_reader_history
from service.moderation.measures.reader_measures import list_measures
from service.moderation.queue.review_queue import QueueFilter, QueueState, read_queue
from service.platform import clock
from service.platform.access.fingerprints import Kind
from service.platform.http.app_state import gate_of
from service.platform.http.cursors import decode_id, encode_cursor
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import InvalidField, NotFound

COMMENTS, MEASURES = 25, 200
STATES: tuple[QueueState, ...] = ("any", "pending", "published", "rejected", "spam", "deleted")
Duration = Literal["day", "week", "month", "good"]
DURATIONS: dict[Duration, timedelta | None] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "good": None,
}


class ReaderQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which comments, and the place in them; what was done, and the decisions that can be undone."""

    state: QueueState = "any"
    cursor: Annotated[str, Meta(max_length=100)] | None = None
    said: Annotated[str, Meta(max_length=32)] | None = None
    action: Annotated[str, Meta(max_length=16)] | None = None
    decided: Annotated[str, Meta(max_length=2000)] | None = None


class MeasureForm(msgspec.Struct, kw_only=True):
    """A measure on a ``value``, or on the author of ``comment``, for some time, from now on."""

    measure: MeasureAction
    kind: Kind = "reader"
    value: Annotated[str, Meta(max_length=254)] | None = None
    comment: UUID | None = None
    duration: Duration = "good"
    reason: Annotated[str, Meta(max_length=500)] | None = None


async def get_reader_record(desk: DeskRequest) -> Response:
    """Send a reader's record and a page of their comments."""
    return await _show(desk, reader_id_of(desk), desk.query(ReaderQuery))


def reader_id_of(desk: DeskRequest) -> UUID:
    """The reader's id in the path; raises NotFound if it is not a UUID."""
    return _id(desk, "reader")


async def send_measure(desk: DeskRequest) -> Response:
    """Ban, hold, trust or note a reader, an e-mail address, a domain or a network address."""
    reader = UUID(desk.fields["reader"]) if _is_id(desk.fields.get("reader", "")) else None
    try:
        form = desk.form(MeasureForm)
        lasts = DURATIONS[form.duration]
        await take_own_measure(
            desk.database,
            gate_of(desk.request).fingerprints,
            desk.caller,
            form.measure,
            form.kind,
            value=form.value,
            comment=form.comment,
            until=clock.now() + lasts if lasts else None,
            reason=form.reason,
        )
    except InvalidField as problem:
        refused = refused_form(desk, problem, form="measure")
        if reader is None:
            return await show_readers(desk, ReadersQuery(), found=[], refused=refused)
        return await _show(desk, reader, ReaderQuery(), refused=refused)
    return desk.see_other(desk.path(f"readers/{reader}" if reader else "readers"), said="taken")


async def send_measure_end(desk: DeskRequest) -> Response:
    """End a measure; one that another moderator has ended stays as it is."""
    try:
        await end_own_measure(desk.database, desk.caller, _id(desk, "measure"))
    except NotFound:
        return desk.see_other(desk.fields.get("next", ""), said="ended_before")
    return desk.see_other(desk.fields.get("next", ""), said="ended")


async def _show(
    desk: DeskRequest, reader_id: UUID, query: ReaderQuery, *, refused: RefusedForm | None = None
) -> Response:
    now, sections = clock.now(), desk.caller.own_sections
    criteria = QueueFilter(state=query.state, sections=sections, reader=reader_id, order="newest")
    after = decode_id(query.cursor)
    async with desk.database.read() as connection:
        reader = await get_reader_history(connection, desk.site, reader_id, sections=sections)
        measures = await list_measures(connection, desk.site, reader_id=reader_id, before=None, limit=MEASURES)
        queued, has_more = await read_queue(
            connection, desk.site, criteria, by=None, after=after, limit=COMMENTS, now=now
        )
        everything = msgspec.structs.replace(criteria, state="any")
        newest, _ = await read_queue(connection, desk.site, everything, by=None, after=None, limit=1, now=now)
    cursor = encode_cursor(queued[-1].comment.id.bytes) if has_more else None
    return desk.page(
        "reader_record.html",
        status=refused.status if refused else 200,
        reader=reader,
        measures=measures,
        newest=newest[0].comment if newest else None,
        views=await read_views(desk, queued, now=now),
        states=STATES,
        durations=DURATIONS,
        query=query,
        next_page=f"readers/{reader_id}?{urlencode({'state': query.state, 'cursor': cursor})}" if cursor else None,
        reasons=offered_reasons(desk.site, locale=desk.locale),
        keeps_cards=True,
        undoable=decode_decided(query.decided) if query.decided else [],
        refused=refused,
        fields=desk.fields,
    )


def _id(desk: DeskRequest, name: str) -> UUID:
    text = path_parameter(desk.request, name)
    if not _is_id(text):
        raise NotFound
    return UUID(text)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
