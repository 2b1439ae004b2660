"""The review queue: its lists with counts, filters, and a card for each comment."""

from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.conversation.screening.findings import Rule
from service.desk.forms.filters import order_error, read_filter
from service.desk.frame.days import day_begin, day_end
from service.desk.review.decided_codes import decode_decided
from service.desk.review.queue_cards import CardView, card_views, offered_reasons
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.queue.cards import read_cards
from service.moderation.queue.review_queue import Order, QueuedComment, QueueFilter, QueueState, read_queue
from service.moderation.queue.tab_counts import count_decided, count_newer, count_waiting
from service.moderation.search.search_index import search_condition
from service.platform import clock
from service.platform.access.moderator_accounts import names_of
from service.platform.http.cursors import decode_id, encode_cursor

Tab = Literal["pending", "reported", "appeals", "published", "rejected", "spam", "any"]
TABS: tuple[Tab, ...] = ("pending", "reported", "appeals", "published", "rejected", "spam", "any")
CARDS = 25  # on a page
MAX_NEWER = 100  # new comments that are counted
FILTERS = ("section", "rule", "article", "reader", "q", "since", "until")


class QueuePageQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The list, the filters, and the place in it; ``decided`` are the decisions that can be undone from the page.

    ``said`` is what another form did.
    """

    tab: Tab = "pending"
    section: Annotated[str, Meta(max_length=100)] | None = None
    rule: Rule | None = None
    article: Annotated[str, Meta(max_length=500)] | None = None
    reader: UUID | None = None
    q: Annotated[str, Meta(max_length=200)] | None = None
    since: date | None = None
    until: date | None = None
    order: Order | None = None
    cursor: Annotated[str, Meta(max_length=100)] | None = None
    loaded: datetime | None = None
    said: Annotated[str, Meta(max_length=32)] | None = None
    action: Annotated[str, Meta(max_length=16)] | None = None
    decided: Annotated[str, Meta(max_length=2000)] | None = None

    @property
    def sorted(self) -> Order:
        """The order: what waits is shown oldest first, other lists newest first."""
        return self.order or ("oldest" if self.tab in {"pending", "reported", "appeals"} else "newest")

    def address(self, **changes: str | None) -> str:
        """Return the address of this list below the desk, with ``changes`` to its parameters."""
        shown = {name: getattr(self, name) for name in ("tab", *FILTERS, "order", "cursor")} | changes
        return f"queue?{urlencode({name: value for name, value in shown.items() if value is not None})}"


async def get_queue(desk: DeskRequest) -> Response:
    """Send a page of the queue; a script gets only the next cards.

    A filter that can't be read comes back as typed, without cards.
    """
    now, (query, errors) = clock.now(), read_filter(desk, QueuePageQuery, FILTERS)
    errors |= order_error(desk, query.since, query.until)
    criteria, after = await _criteria(desk, query), decode_id(query.cursor)
    queued, has_more = list[QueuedComment](), False
    async with desk.database.read() as connection:
        if not errors:
            queued, has_more = await read_queue(
                connection, desk.site, criteria, by=None, after=after, limit=CARDS, now=now
            )
        waiting = await count_waiting(connection, desk.site, desk.caller.own_sections)
    cursor = encode_cursor(queued[-1].comment.id.bytes) if has_more else None
    return desk.page(
        "cards.html" if desk.is_partial else "queue.html",
        status=422 if errors else 200,
        typed=desk.request.query_params,
        errors=errors,
        views=await read_views(desk, queued, now=now),
        reasons=offered_reasons(desk.site, locale=desk.locale),
        tabs=TABS,
        counts=waiting._asdict(),
        query=query,
        rules=[each.value for each in Rule],
        is_filtered=bool(errors) or any(getattr(query, name) is not None for name in FILTERS),
        next_page=query.address(cursor=cursor) if cursor else None,
        newer=f"queue/newer?{query.address(cursor=None).partition('?')[2]}&{urlencode({'loaded': now.isoformat()})}",
        undoable=decode_decided(query.decided) if query.decided else [],
    )


async def get_newer(desk: DeskRequest) -> Response:
    """Send the counts as they are now, and how many comments have arrived since the list was loaded."""
    query = desk.query(QueuePageQuery)
    criteria = await _criteria(desk, query)
    if query.loaded and query.loaded.tzinfo:
        criteria = msgspec.structs.replace(criteria, since=max(filter(None, (criteria.since, query.loaded))))
    async with desk.database.read() as connection:
        newer = await count_newer(connection, desk.site, criteria, limit=MAX_NEWER)
        waiting = await count_waiting(connection, desk.site, desk.caller.own_sections)
        decided = await count_decided(connection, desk.site, desk.caller.own_sections)
    counts = {**waiting._asdict(), **decided._asdict()}
    return desk.page(
        "newer.html", newer=newer, max_newer=MAX_NEWER, list=query.address(cursor=None), counts=counts, query=query
    )


async def read_views(desk: DeskRequest, queued: list[QueuedComment], *, now: datetime) -> list[CardView]:
    """Complete queued comments to cards, as the page shows them."""
    async with desk.database.read() as connection:
        cards = await read_cards(connection, queued, now=now)
        names = await names_of(connection, desk.site)
    return await card_views(cards, desk.site, locale=desk.locale, names=names, me=desk.caller.moderator_id)


async def _criteria(desk: DeskRequest, query: QueuePageQuery) -> QueueFilter:
    words = await search_condition(desk.database, desk.site, query.q) if query.q else None
    state: QueueState = "pending" if query.tab == "appeals" else query.tab
    return QueueFilter(
        state=state,
        article=query.article,
        sections=desk.caller.sections(query.section),
        rule=Rule.APPEAL if query.tab == "appeals" else query.rule,
        reader=query.reader,
        since=day_begin(query.since),
        until=day_end(query.until),
        words=words,
        order=query.sorted,
    )
