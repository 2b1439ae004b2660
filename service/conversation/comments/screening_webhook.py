"""Ask a site's screening webhook about a draft, before any lock is taken.

The request is signed by Standard Webhooks 1.0, as every webhook. It has the draft and the author's record, never their
address, and their e-mail address only if an admin grants it. ``outbound/remote_client.py`` bounds the call. Each site
has its own connections and its own circuit breaker, so no receiver holds up the posts of another site.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from service.conversation.comments.model import AuthorRole, PostAuthor, State
from service.conversation.comments.reputation_queries import read_activity
from service.conversation.screening.findings import Finding
from service.conversation.screening.link_rules import urls_in
from service.conversation.screening.webhook_answer import read_answer
from service.conversation.threads.model import Thread
from service.platform import clock
from service.platform.metrics import SCREENING_WEBHOOK
from service.platform.outbound.remote_client import MAX_CONCURRENCY, TIMEOUT_SECONDS, RemoteClient
from service.platform.outbound.safe_client import Targets
from service.platform.outbound.webhook_signatures import Signer
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database

TYPE = "comment.screening"
FindSecret = Callable[[Site], Awaitable[str | None]]
WebhookFindings = tuple[Finding, ...]
log = structlog.get_logger("onereply.screening")


class ScreenedDraft(NamedTuple):
    """A draft to ask about. ``reader_id`` is None for a guest without a token; a trial is about a stored comment."""

    author: PostAuthor
    reader_id: UUID | None
    body: str
    html: str
    parent_id: UUID | None
    is_trial: bool = False


class ScreenedArticle(msgspec.Struct):
    """The article, as the host registered it."""

    id: str
    title: str
    url: str | None
    section: str | None


class ScreenedComment(msgspec.Struct):
    """The draft: its Markdown, its HTML and the URLs of its links."""

    body: str
    html: str
    links: list[str]
    parent_id: UUID | None


class ScreenedRecord(msgspec.Struct):
    """The number of an author's latest comments, at most 50, by state."""

    published: int
    pending: int
    rejected: int
    spam: int
    deleted: int


class ScreenedAuthor(msgspec.Struct):
    """The author; ``email`` is omitted unless an admin grants it."""

    id: UUID | None
    name: str
    url: str | None
    role: AuthorRole
    record: ScreenedRecord
    email: str | None | UnsetType = UNSET


class ScreeningData(msgspec.Struct):
    """What the webhook decides on."""

    article: ScreenedArticle
    comment: ScreenedComment
    author: ScreenedAuthor
    is_trial: bool


class ScreeningRequest(msgspec.Struct):
    """The body of the request. It is not an event: it is in no log and is not sent again."""

    id: UUID
    type: str
    timestamp: datetime
    site: str
    locale: str
    data: ScreeningData


class ScreeningWebhook:
    """Asks the webhooks of all sites, with each site's secret from ``find_secret``."""

    def __init__(
        self, database: Database, targets: Targets, *, find_secret: FindSecret, seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self.targets = targets
        self._database = database
        self._find_secret = find_secret
        self._seconds = seconds
        self._clients: dict[int, tuple[str, RemoteClient]] = {}

    async def ask(self, site: Site, thread: Thread, draft: ScreenedDraft) -> WebhookFindings | None:
        """Return the findings on ``draft``; None if the site does not use the rule or there is no answer."""
        if not site.rules.screening_webhook:
            return None
        return await self.ask_anyway(site, thread, draft)

    async def ask_anyway(self, site: Site, thread: Thread, draft: ScreenedDraft) -> WebhookFindings | None:
        """Return the findings on ``draft``, also if the rule is off, as when rules are tried."""
        url, secret = site.settings.screening_webhook_url, await self._find_secret(site)
        if not (url and secret):
            log.warning("screening-webhook-skipped", site=site.slug, missing="secret" if url else "URL")
            answer = None
        else:
            request = _request(site, thread, draft, await self._record_of(draft.reader_id))
            body = _encode(request)
            signed = Signer(secret).headers(str(request.id), request.timestamp, body)
            headers = {"content-type": "application/json", **signed}
            answer = await (await self._client_of(site, url)).post(url, read_answer, content=body, headers=headers)
        SCREENING_WEBHOOK.labels("none" if answer is None else "findings" if answer else "nothing").inc()
        return answer

    async def _record_of(self, reader_id: UUID | None) -> ScreenedRecord:
        counts: Counter[str] = Counter()
        if reader_id is not None:
            async with self._database.read() as connection:
                activity = await read_activity(connection, readers=[reader_id], addresses=[], texts=[])
            counts.update(past.state for past in activity.by_reader[reader_id])
        return ScreenedRecord(**{state.value: counts[state] for state in State})

    async def _client_of(self, site: Site, url: str) -> RemoteClient:
        """Return the client of the site; a new URL gets a new one, with a closed breaker."""
        known, client = self._clients.get(site.id, (None, None))
        if client is not None and known == url:
            return client
        connections = self.targets.client(timeout_seconds=self._seconds, max_connections=MAX_CONCURRENCY)
        new = RemoteClient("screening-webhook", connections, seconds=self._seconds)
        self._clients[site.id] = url, new
        if client is not None:
            await client.close()
        return new

    async def close(self) -> None:
        """Close all connections."""
        for _, client in self._clients.values():
            await client.close()


def _request(site: Site, thread: Thread, draft: ScreenedDraft, record: ScreenedRecord) -> ScreeningRequest:
    author = draft.author
    email = author.email if site.settings.screening_webhook_email else UNSET
    screened = ScreenedAuthor(draft.reader_id, author.name, author.url, author.role, record, email)
    comment = ScreenedComment(draft.body, draft.html, urls_in(draft.html), draft.parent_id)
    article = ScreenedArticle(thread.article, thread.title, thread.url, thread.section)
    data = ScreeningData(article, comment, screened, draft.is_trial)
    return ScreeningRequest(clock.new_id(), TYPE, clock.now(), site.slug, site.locale, data)


_encode = msgspec.json.Encoder().encode
