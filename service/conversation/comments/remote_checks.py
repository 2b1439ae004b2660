"""Ask remote services about a draft before it joins the batch, so no lock is held during the calls.

Akismet and the screening webhook are asked at the same time. A draft that its thread would refuse is not sent anywhere.
"""

import asyncio
from typing import NamedTuple
from uuid import UUID

from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.comments.comment_lookup import find_comment
from service.conversation.comments.model import PostAuthor
from service.conversation.comments.screening_webhook import ScreenedDraft, ScreeningWebhook, WebhookFindings
from service.conversation.screening.external_rules import AkismetAnswer
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import find_thread
from service.conversation.threads.thread_policy import is_closed
from service.platform import clock
from service.platform.access.caller import PostOrigin
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database


class RemoteAnswers(NamedTuple):
    """The answers; None where a service was not asked or gave no usable answer."""

    akismet: AkismetAnswer | None = None
    webhook: WebhookFindings | None = None


class RemoteChecks:
    """Asks the remote services that a site uses."""

    def __init__(self, database: Database, akismet: AkismetCheck, webhook: ScreeningWebhook) -> None:
        self.akismet = akismet
        self.webhook = webhook
        self._database = database

    async def check(
        self, site: Site, article: str, draft: ScreenedDraft, *, honeypot: str | None, origin: PostOrigin
    ) -> RemoteAnswers:
        """Ask about a new ``draft``. ``honeypot`` is None if it did not come from a form."""
        if site.rules.akismet is None and not site.rules.screening_webhook:
            return RemoteAnswers()
        thread = await self._open_thread(site, article)
        if thread is None:
            return RemoteAnswers()
        akismet = self.akismet.check(site, thread, draft, honeypot=honeypot, origin=origin)
        return RemoteAnswers(*await asyncio.gather(akismet, self.webhook.ask(site, thread, draft)))

    async def check_edit(
        self, site: Site, comment_id: UUID, author: PostAuthor, *, reader_id: UUID | None, body: str, html: str
    ) -> WebhookFindings | None:
        """Ask the screening webhook about the new text of a comment. Akismet knows no edits."""
        if not site.rules.screening_webhook:
            return None
        async with self._database.read() as connection:
            comment, thread = await find_comment(connection, site, comment_id)
        draft = ScreenedDraft(author, reader_id, body, html, comment.parent_id)
        return await self.webhook.ask(site, thread, draft)

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

    async def close(self) -> None:
        """Close all connections."""
        await self.akismet.close()
        await self.webhook.close()
