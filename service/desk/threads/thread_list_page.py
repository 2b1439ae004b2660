"""The list of threads: found by title, URL or id, or sorted as the API sorts them."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.conversation.threads.model import Thread
from service.conversation.threads.thread_list_pages import ThreadList, read_thread_list
from service.conversation.threads.thread_lookup import find_thread, find_threads_by_urls
from service.conversation.threads.thread_search import search_threads
from service.conversation.threads.wire import ThreadsQuery, thread_out
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.queue.pending_counts import count_pending
from service.platform import clock
from service.platform.problems import NotFound
from service.platform.text.article_ids import is_article_id
from service.platform.text.plain_text import clean_line
from service.platform.text.web_urls import canonical_url

Listed = Literal["activity", "replies", "open", "closed", "any"]
LISTS: tuple[Listed, ...] = ("activity", "replies", "open", "closed", "any")
THREADS = 50  # on a page


class ThreadListQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Words, a URL or an article id; a section; which threads, and in which order; and the place in the list."""

    q: Annotated[str, Meta(max_length=2000)] | None = None
    section: Annotated[str, Meta(max_length=200)] | None = None
    show: Listed = "activity"
    cursor: Annotated[str, Meta(max_length=100)] | None = None

    def address(self, **changes: str | None) -> str:
        """Return the address of this list below the desk, with ``changes`` to its parameters."""
        shown = msgspec.structs.asdict(self) | changes
        return f"threads?{urlencode({name: value for name, value in shown.items() if value is not None})}"


async def get_thread_list(desk: DeskRequest) -> Response:
    """Send a page of the threads in the moderator's sections."""
    query, now = desk.query(ThreadListQuery), clock.now()
    listed = await (_find(desk, query, now) if query.q else _list(desk, query, now))
    async with desk.database.read() as connection:
        pending = await count_pending(connection, [each.id for each in listed.threads])
    threads = [
        (thread_out(each, desk.site, locale=desk.locale, now=now), each.closed_at, pending.get(each.id, 0))
        for each in listed.threads
    ]
    next_page = query.address(cursor=listed.cursor) if listed.cursor else None
    sections = desk.caller.own_sections or tuple(desk.site.settings.sections)
    return desk.page(
        "thread_list.html", query=query, lists=LISTS, threads=threads, sections=sections, next_page=next_page
    )


async def _list(desk: DeskRequest, query: ThreadListQuery, now: datetime) -> ThreadList:
    wanted = ThreadsQuery(
        section=query.section,
        state=query.show if query.show in {"open", "closed"} else None,
        sort=query.show if query.show in {"activity", "replies"} else None,
        limit=THREADS,
        cursor=query.cursor,
    )
    return await read_thread_list(desk.database, desk.caller, wanted, now=now)


async def _find(desk: DeskRequest, query: ThreadListQuery, now: datetime) -> ThreadList:
    """Find threads by id, by URL, and by words of their titles, in this order."""
    words, sections = clean_line(query.q or ""), desk.caller.sections(query.section)
    found: list[Thread] = []
    async with desk.database.read() as connection:
        if is_article_id(words):
            with suppress(NotFound):
                found.append(await find_thread(connection, desk.site.id, words))
        if url := canonical_url(words):
            by_url = await find_threads_by_urls(connection, desk.site, [url], to_staff=True, now=now)
            found += by_url.values()
        found = [each for each in found if sections is None or each.section in sections]
        found += await search_threads(connection, desk.site, words, sections=sections, limit=THREADS)
    return ThreadList([*{each.id: each for each in found}.values()], None)
