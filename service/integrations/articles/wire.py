"""Article events on the wire."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from service.conversation.threads.wire import Instant, ThreadIn
from service.integrations.articles.article_event import Kind
from service.platform.wire import Body, BodyWithTimes

ArticleId = Annotated[str, Meta(min_length=1, max_length=500)]


class ArticleIn(ThreadIn, kw_only=True):
    """An article's current state, its previous id if the id changed, and whether the host has closed its thread."""

    article: ArticleId
    previous_article: ArticleId | None = None
    closed: bool | UnsetType = UNSET


class ArticleEventIn(BodyWithTimes):
    """An article event in the Standard Webhooks format; ``timestamp`` is when the change happened."""

    type: Kind
    timestamp: Instant
    data: ArticleIn


class MoveIn(Body):
    """The new id of an article."""

    article: ArticleId
