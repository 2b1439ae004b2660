"""What a host tells of its articles, as it goes over the wire."""

from typing import Annotated

from msgspec import Meta

from service.conversation.threads.wire import Instant, ThreadIn
from service.integrations.articles.apply_article_event import Kind
from service.platform.wire import Timed

ArticleId = Annotated[str, Meta(min_length=1, max_length=500)]


class ArticleIn(ThreadIn, kw_only=True):
    """An article as it is by now, and the id that it had before, where it has another one."""

    article: ArticleId
    previous_article: ArticleId | None = None


class ArticleNews(Timed):
    """What happened to an article, in the form of Standard Webhooks; ``timestamp`` is when."""

    type: Kind
    timestamp: Instant
    data: ArticleIn
