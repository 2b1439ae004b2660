"""The form that bans the author of a comment, in the comment's card or, without a script, as a page of its own."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.conversation.comments.comment_lookup import find_comment
from service.conversation.comments.model import Comment
from service.desk.forms.refused_forms import RefusedForm, refused_form
from service.desk.readers.reader_page import DURATIONS, Duration
from service.desk.review.queue_cards import offered_reasons
from service.desk.review.queue_page import read_views
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.measures.measures_by_caller import take_own_measure
from service.moderation.queue.review_queue import read_queued
from service.platform import clock
from service.platform.http.app_state import gate_of
from service.platform.http.path_ids import comment_id_of
from service.platform.problems import InvalidField


class BanQuery(msgspec.Struct, frozen=True):
    """Where the moderator goes on after the ban: the list, at the card that follows.

    ``keep`` is that of the forms of decisions: whether cards stay in their “list” or “thread”.
    """

    next: Annotated[str, Meta(max_length=4000)] = ""
    keep: Literal["list", "thread"] | None = None


class BanForm(msgspec.Struct, kw_only=True, frozen=True):
    """How long the author may not post, and why."""

    duration: Duration
    reason: Annotated[str, Meta(max_length=500)] | None = None
    keep: Literal["list", "thread"] | None = None


async def get_ban(desk: DeskRequest) -> Response:
    """Send the form; a script gets it alone."""
    query = desk.query(BanQuery)
    return await _show(desk, next_path=desk.own_path(query.next), keep=query.keep)


async def send_ban(desk: DeskRequest) -> Response:
    """Ban the author of the comment; a script gets the card as it is now."""
    comment_id = comment_id_of(desk.request)
    try:
        form = desk.form(BanForm)
        lasts = DURATIONS[form.duration]
        await take_own_measure(
            desk.database,
            gate_of(desk.request).fingerprints,
            desk.caller,
            "ban",
            "reader",
            value=None,
            comment=comment_id,
            until=clock.now() + lasts if lasts else None,
            reason=form.reason,
        )
    except InvalidField as problem:
        refused, keep = refused_form(desk, problem, form="ban"), desk.fields.get("keep")
        return await _show(desk, next_path=desk.next_path, keep=keep, refused=refused)
    if not desk.is_partial:
        return desk.see_other(desk.next_path, said="taken")
    now = clock.now()
    async with desk.database.read() as connection:
        queued, _ = await read_queued(connection, [comment_id], now=now)
    return desk.page(
        "banned.html",
        views=await read_views(desk, queued, now=now),
        reasons=offered_reasons(desk.site, locale=desk.locale),
        keeps_cards=form.keep is not None,
        in_thread=form.keep == "thread",
    )


async def _show(desk: DeskRequest, *, next_path: str, keep: str | None, refused: RefusedForm | None = None) -> Response:
    comment = await _comment(desk)
    return desk.page(
        "ban_form.html" if desk.is_partial else "ban.html",
        status=refused.status if refused else 200,
        comment=comment,
        durations=DURATIONS,
        goes_on=next_path,
        keep=keep,
        refused=refused,
        fields=desk.fields,
    )


async def _comment(desk: DeskRequest) -> Comment:
    """Return the comment of the path; raises NotFound, also outside the moderator's sections."""
    async with desk.database.read() as connection:
        comment, thread = await find_comment(connection, desk.site, comment_id_of(desk.request))
    desk.caller.require_section(thread.section)
    return comment
