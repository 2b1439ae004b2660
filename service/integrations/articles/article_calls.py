"""Move, withdraw, restore and delete articles by calls with the host's key, for a CMS that sends no article events.

A call is an article event of this moment: it goes the same way as those that the host signs.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.article_event_order import read_latest_events
from service.conversation.threads.lock_threads import lock_threads
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import no_thread
from service.integrations.articles.apply_article_event import apply_to_threads, distinct
from service.integrations.articles.article_event import AnyKind, ArticleEvent
from service.platform import clock
from service.platform.sites.site_lookup import Site


async def apply_article_call(
    connection: AsyncConnection,
    site: Site,
    article: str,
    kind: AnyKind,
    *,
    to: str | None = None,
) -> Thread:
    """Apply ``kind`` to the thread of ``article``, or move it to the id ``to``; return the thread.

    The call counts as the newest event, even if the host's clock is ahead. Raises NotFound, or ArticleIdConflict.
    """
    ids = [to or article, article]
    known = await lock_threads(connection, [(site.id, id_) for id_ in {*ids}])
    if (site.id, article) not in known:
        raise no_thread()
    threads = distinct(known.get((site.id, id_)) for id_ in ids)
    now = clock.now()
    latest = [at for thread in threads for at in (await read_latest_events(connection, thread)).fields.values()]
    event = ArticleEvent(kind, ids[0], article, {}, at=max([now, *latest]), sent_at=now)
    return await apply_to_threads(connection, site, threads, event, now=now)
