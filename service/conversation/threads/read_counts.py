"""Read the counts to show at links to articles, and the next time at which one of them changes without a write."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import Thread
from service.conversation.threads.thread_list import find_threads, newest_in_section
from service.conversation.threads.thread_lookup import find_threads_by_urls
from service.conversation.threads.thread_policy import next_change
from service.conversation.threads.wire import Counts, UrlCount, count_out
from service.platform.sites.site_lookup import Site

MAX_COUNTS = 200


async def read_counts(
    connection: AsyncConnection,
    site: Site,
    *,
    articles: Sequence[str],
    canonical: Mapping[str, str],
    locale: str,
    now: datetime,
) -> tuple[Counts, datetime | None]:
    """Return the counts of ``articles`` and of URLs, in this order; ``canonical`` has the canonical form of each."""
    threads = await find_threads(connection, site, articles) if articles else {}
    by_url = await find_threads_by_urls(connection, site, {*canonical.values()}, to_staff=False, now=now)
    known = {article: thread for article, thread in threads.items() if not thread.is_hidden(now)}
    counts = Counts([count_out(article, known.get(article), site, locale=locale, now=now) for article in articles])
    if canonical:
        found = ((url, by_url.get(form)) for url, form in canonical.items())
        counts.urls = [_url_count_out(url, thread, site, locale=locale, now=now) for url, thread in found]
    return counts, _next_change(site, [*threads.values(), *by_url.values()], now)


async def read_counts_of_section(
    connection: AsyncConnection, site: Site, section: str, *, locale: str, now: datetime
) -> tuple[Counts, datetime | None]:
    """Return the counts of the newest articles of a section that readers may see."""
    threads = await newest_in_section(connection, site, section, limit=MAX_COUNTS)
    visible = [thread for thread in threads if not thread.is_hidden(now)]
    counts = Counts([count_out(thread.article, thread, site, locale=locale, now=now) for thread in visible])
    return counts, _next_change(site, threads, now)


def _url_count_out(url: str, thread: Thread | None, site: Site, *, locale: str, now: datetime) -> UrlCount:
    """Return the count of the article with ``url``."""
    count = count_out(thread.article if thread else "", thread, site, locale=locale, now=now)
    return UrlCount(url, count.article or None, count.reply_count, count.label, count.state)


def _next_change(site: Site, threads: Iterable[Thread], now: datetime) -> datetime | None:
    """Return the next time at which one of ``threads`` opens to readers or closes without a write."""
    changes = (at for thread in threads for at in (thread.published_at, next_change(thread, site, now)))
    return min((at for at in changes if at and at > now), default=None)
