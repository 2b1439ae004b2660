"""Check a post with Akismet before it joins the batch, so no lock is held during the call."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from service.conversation.comments.model import PostAuthor
from service.conversation.screening.akismet import Akismet, AkismetRequest
from service.conversation.screening.external_rules import AkismetAnswer
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import find_thread
from service.conversation.threads.thread_policy import is_closed
from service.platform import clock
from service.platform.access.caller import PostOrigin
from service.platform.metrics import AKISMET
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.text.ip_addresses import parse_address

FindKey = Callable[[Site], Awaitable[str | None]]

log = structlog.get_logger("onereply.akismet")


class CheckedPost(NamedTuple):
    """The parts of a post to send to Akismet. ``honeypot`` is None if the post did not come from a form."""

    author: PostAuthor
    body: str
    is_reply: bool
    honeypot: str | None
    origin: PostOrigin


class AkismetCheck:
    """Checks posts with Akismet, using the site's key from ``find_key``."""

    def __init__(self, database: Database, akismet: Akismet, *, find_key: FindKey) -> None:
        self._database = database
        self._akismet = akismet
        self._find_key = find_key

    async def check(self, site: Site, article: str, post: CheckedPost) -> AkismetAnswer | None:
        """Check ``post`` with Akismet; None if the site does not use it or there is no answer.

        A post that its thread would refuse anyway is not sent to Akismet.
        """
        if site.rules.akismet is None or (thread := await self._open_thread(site, article)) is None:
            return None
        answer = await self._check_in_thread(site, thread, post)
        AKISMET.labels(answer or "none").inc()
        return answer

    async def _open_thread(self, site: Site, article: str) -> Thread | None:
        """Return the article's thread if it accepts comments now."""
        now = clock.now()
        try:
            async with self._database.read() as connection:
                thread = await find_thread(connection, site.id, article)
        except NotFound:
            return None
        is_open = thread.comments_on and not thread.is_hidden(now) and not is_closed(thread, site, now)
        return thread if is_open else None

    async def _check_in_thread(self, site: Site, thread: Thread, post: CheckedPost) -> AkismetAnswer | None:
        blog, key, address = site.rules.akismet_blog, await self._find_key(site), _address(post.origin.address)
        if not (blog and key and address):
            missing = "key" if not key else "front page" if not blog else "reader's address"
            log.warning("akismet-check-skipped", site=site.slug, missing=missing)
            return None
        return await self._akismet.check(_request(site, thread, post, blog=blog, address=address), key=key)

    async def close(self) -> None:
        """Close the connections to Akismet."""
        await self._akismet.close()


def _address(host: str | None) -> str | None:
    """Parse ``host`` as an IP address; None if it is not one."""
    address = parse_address(host or "")
    return str(address) if address else None


def _request(site: Site, thread: Thread, post: CheckedPost, *, blog: str, address: str) -> AkismetRequest:
    return AkismetRequest(
        blog=blog,
        locale=site.locale,
        address=address,
        user_agent=post.origin.user_agent[:1000],
        referrer=post.origin.referrer[:2000],
        permalink=thread.url,
        is_reply=post.is_reply,
        author_name=post.author.name,
        author_email=post.author.email,
        author_url=post.author.url,
        body=post.body,
        posted_at=clock.now(),
        honeypot=post.honeypot,
    )
