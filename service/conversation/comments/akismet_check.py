"""Check a draft with Akismet, and report to it what moderators decided otherwise."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from service.conversation.comments.model import Comment
from service.conversation.comments.screening_webhook import ScreenedDraft
from service.conversation.screening.akismet import Akismet, AkismetRequest, Submission
from service.conversation.screening.external_rules import AkismetAnswer
from service.conversation.threads.model import Thread
from service.platform import clock
from service.platform.access.caller import PostOrigin
from service.platform.metrics import AKISMET, AKISMET_REPORTS
from service.platform.sites.site_lookup import Site
from service.platform.text.ip_addresses import parse_address

FindKey = Callable[[Site], Awaitable[str | None]]
log = structlog.get_logger("onereply.akismet")


class _Account(NamedTuple):
    """A site's account at Akismet: its front page and its key."""

    blog: str
    key: str


class AkismetCheck:
    """Checks posts with Akismet, using the site's key from ``find_key``."""

    def __init__(self, akismet: Akismet, *, find_key: FindKey) -> None:
        self._akismet = akismet
        self._find_key = find_key

    async def check(
        self, site: Site, thread: Thread, draft: ScreenedDraft, *, honeypot: str | None, origin: PostOrigin
    ) -> AkismetAnswer | None:
        """Check ``draft`` with Akismet; None if the site does not use it or there is no answer."""
        if site.rules.akismet is None:
            return None
        answer = await self._check(site, thread, draft, honeypot, origin)
        AKISMET.labels(answer or "none").inc()
        return answer

    async def _check(
        self, site: Site, thread: Thread, draft: ScreenedDraft, honeypot: str | None, origin: PostOrigin
    ) -> AkismetAnswer | None:
        account, address = await self._account(site), parse_address(origin.address or "")
        if account and not address:
            log.warning("akismet-check-skipped", site=site.slug, missing="reader's address")
        if not (account and address):
            return None
        request = AkismetRequest(
            blog=account.blog,
            locale=site.locale,
            address=str(address),
            user_agent=origin.user_agent[:1000],
            referrer=origin.referrer[:2000],
            permalink=thread.url,
            is_reply=draft.parent_id is not None,
            author_name=draft.author.name,
            author_email=draft.author.email,
            author_url=draft.author.url,
            body=draft.body,
            posted_at=clock.now(),
            honeypot=honeypot,
        )
        return await self._akismet.check(request, key=account.key)

    async def report(self, site: Site, thread: Thread, comment: Comment, *, spam: bool) -> Submission | None:
        """Report that ``comment`` is ``spam`` or not, against Akismet's answer.

        Returns “refused” if another attempt would be refused too, and None if Akismet can't be reached.
        """
        account = await self._account(site)
        if account is None:
            return "refused"
        request = AkismetRequest(
            blog=account.blog,
            locale=site.locale,
            address=None,
            user_agent="",
            referrer="",
            permalink=thread.url,
            is_reply=comment.parent_id is not None,
            author_name=comment.author_name,
            author_email=comment.author_email,
            author_url=comment.author_url,
            body=comment.body,
            posted_at=comment.created_at,
            honeypot=None,
        )
        result = await self._akismet.submit(request, key=account.key, spam=spam)
        AKISMET_REPORTS.labels(result or "none").inc()
        return result

    async def _account(self, site: Site) -> _Account | None:
        blog, key = site.rules.akismet_blog, await self._find_key(site)
        if blog and key:
            return _Account(blog, key)
        log.warning("akismet-check-skipped", site=site.slug, missing="front page" if key else "key")
        return None

    async def close(self) -> None:
        """Close the connections to Akismet."""
        await self._akismet.close()
