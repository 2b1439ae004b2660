"""Article events on the wire."""

from typing import Annotated

from msgspec import Meta

from service.conversation.threads.wire import Instant, ThreadIn
from service.integrations.articles.apply_article_event import Kind
from service.platform.wire import BodyWithTimes

ArticleId = Annotated[str, Meta(min_length=1, max_length=500)]


class ArticleIn(ThreadIn, kw_only=True):
    """An article's current state, and its previous id if the id changed."""

    article: ArticleId
    previous_article: ArticleId | None = None


class ArticleEventIn(BodyWithTimes):
    """An article event in the Standard Webhooks format; ``timestamp`` is when the change happened."""

    type: Kind
    timestamp: Instant
    data: ArticleIn
