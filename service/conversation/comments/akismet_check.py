"""Check a draft with Akismet before it joins the batch, so no lock is held during the call."""

from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

import structlog

from service.conversation.comments.drafts import Draft
from service.conversation.screening.akismet import Akismet, AkismetRequest
from service.conversation.screening.outside_rules import AkismetAnswer
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import find_thread
from service.conversation.threads.thread_policy import is_closed
from service.platform import clock
from service.platform.metrics import AKISMET
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database

FindKey = Callable[[Site], Awaitable[str | None]]

log = structlog.get_logger("onereply.akismet")


class PostOrigin(NamedTuple):
    """Where a post came from; ``host`` is None if the reader's own address is not known."""

    host: str | None
    user_agent: str
    referrer: str


class AkismetCheck:
    """Checks drafts with Akismet, using the site's key from ``find_key``."""

    def __init__(self, database: Database, akismet: Akismet, *, find_key: FindKey) -> None:
        self._database = database
        self._akismet = akismet
        self._find_key = find_key

    async def ask(self, draft: Draft, sender: PostOrigin) -> AkismetAnswer | None:
        """Check ``draft`` with Akismet; None if the site does not use it or there is no answer.

        A draft that its thread would refuse anyway is not sent to Akismet.
        """
        if draft.site.rules.akismet is None or (thread := await self._find_thread(draft)) is None:
            return None
        answer = await self._ask(draft, sender, thread)
        AKISMET.labels(answer or "none").inc()
        return answer

    async def _find_thread(self, draft: Draft) -> Thread | None:
        """Return the draft's thread if it accepts comments now."""
        now = clock.now()
        try:
            async with self._database.read() as connection:
                thread = await find_thread(connection, draft.site.id, draft.article)
        except NotFound:
            return None
        takes = thread.comments_on and not thread.is_hidden(now) and not is_closed(thread, draft.site.settings, now)
        return thread if takes else None

    async def _ask(self, draft: Draft, sender: PostOrigin, thread: Thread) -> AkismetAnswer | None:
        site = draft.site
        blog, key, address = site.rules.akismet_blog, await self._find_key(site), _address(sender.host)
        if not (blog and key and address):
            missing = "key" if not key else "front page" if not blog else "reader's address"
            log.warning("akismet-check-skipped", site=site.slug, missing=missing)
            return None
        return await self._akismet.check(_asked(draft, sender, thread, blog=blog, address=address), key=key)

    async def close(self) -> None:
        """Close the connections to Akismet."""
        await self._akismet.close()


def _address(host: str | None) -> str | None:
    """Parse ``host`` as an IP address; None if it is not one."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return None
    return str(address.ipv4_mapped or address) if isinstance(address, IPv6Address) else str(address)


def _asked(draft: Draft, sender: PostOrigin, thread: Thread, *, blog: str, address: str) -> AkismetRequest:
    return AkismetRequest(
        blog=blog,
        locale=draft.site.locale,
        address=address,
        user_agent=sender.user_agent[:1000],
        referrer=sender.referrer[:2000],
        permalink=thread.url,
        is_reply=draft.parent_id is not None,
        author_name=draft.author_name,
        author_email=draft.author_email,
        author_url=draft.author_url,
        body=draft.body,
        posted_at=clock.now(),
        honeypot=draft.told.form.honeypot if draft.told.form else None,
    )
