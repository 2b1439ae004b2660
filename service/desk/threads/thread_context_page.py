"""A thread in the desk: as readers see it, with what only moderators see, and the forms to close and hold it."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.conversation.comments.comment_lookup import find_in_thread
from service.conversation.comments.comment_pages import decode_path_cursor
from service.conversation.threads.thread_lookup import find_thread
from service.conversation.threads.thread_policy import close_after_days, is_closed_itself, mode_of
from service.conversation.threads.wire import thread_out
from service.desk.forms.refused_forms import RefusedForm
from service.desk.review.decided_codes import decode_decided
from service.desk.review.queue_cards import offered_reasons
from service.desk.review.queue_page import read_views
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.queue.pending_counts import count_pending
from service.moderation.queue.thread_part import find_thread_part, read_thread_part
from service.platform import clock
from service.platform.http.cursors import encode_cursor
from service.platform.http.path_ids import article_of

COMMENTS = 25  # on a page


class ContextQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The place in the thread, a comment or a cursor; what was done, and the decisions that can be undone."""

    comment: Annotated[str, Meta(max_length=100)] | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    said: Annotated[str, Meta(max_length=32)] | None = None
    action: Annotated[str, Meta(max_length=16)] | None = None
    decided: Annotated[str, Meta(max_length=2000)] | None = None


async def get_thread_context(desk: DeskRequest) -> Response:
    """Send a page of a thread."""
    return await show_thread_context(desk, desk.query(ContextQuery))


async def show_thread_context(
    desk: DeskRequest, query: ContextQuery, *, refused: RefusedForm | None = None
) -> Response:
    """Show the thread of the path, with the form that was ``refused``, if any; raises NotFound outside own sections."""
    now, after = clock.now(), decode_path_cursor(query.cursor)
    async with desk.database.read() as connection:
        thread = await find_thread(connection, desk.site.id, article_of(desk.request))
        desk.caller.require_section(thread.section)
        linked = await find_in_thread(connection, thread.id, query.comment) if query.comment else None
        if linked and not query.cursor:
            part, after = await find_thread_part(connection, thread, linked, limit=COMMENTS, now=now)
        else:
            part = await read_thread_part(connection, thread, after=after, limit=COMMENTS, now=now)
        pending = await count_pending(connection, [thread.id])
    queued = [part.queued[each.id] for each in part.places if each.id in part.queued]
    views = {each.card.queued.comment.id: each for each in await read_views(desk, queued, now=now)}
    path = f"threads/{quote(thread.article, safe='')}"
    return desk.page(
        "thread_context.html",
        status=refused.status if refused else 200,
        thread=thread_out(thread, desk.site, locale=desk.locale, now=now),
        is_closed_itself=is_closed_itself(thread, desk.site, now),
        is_held=thread.mode == "hold",
        mode=mode_of(thread, desk.site, now),
        close_after_days=close_after_days(desk.site, thread.section),
        pending=pending.get(thread.id, 0),
        path=path,
        public_path=None if thread.is_hidden(now) else f"{desk.site.slug}/{quote(thread.article, safe='')}",
        places=part.places,
        views=views,
        linked=linked.id if linked else None,
        next_page=f"{path}?cursor={encode_cursor(part.next_key)}" if part.next_key else None,
        is_first=not after,
        reasons=offered_reasons(desk.site, locale=desk.locale),
        keeps_cards=True,
        in_thread=True,
        query=query,
        undoable=decode_decided(query.decided) if query.decided else [],
        refused=refused,
        fields=desk.fields,
    )
