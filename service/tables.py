"""All tables in one metadata, for migrations."""

from sqlalchemy import Index

from service.conversation.closures import model as closures
from service.conversation.comments import comment_versions as versions
from service.conversation.comments import model as comments
from service.conversation.readers import model as readers
from service.conversation.threads import model as threads
from service.integrations.articles import received_messages as received
from service.integrations.endpoints import model as webhooks
from service.moderation.queue import model as claims
from service.moderation.search import model as search
from service.moderation.spam_training import model as training
from service.platform.access import model as access
from service.platform.events import model as events
from service.platform.sites import model as sites
from service.platform.storage.schema import Base

MODELS = (
    *(sites, access, readers, threads, comments, versions, closures),
    *(claims, search, training, events, webhooks, received),
)
METADATA = Base.metadata


# Alembic's filters (``include_name``, ``include_object``) for comparing a database with the models.


def is_modelled(name: str | None, kind: str, _parents: object) -> bool:
    """Whether to compare this item of the database: everything but the tables of SQLite's full-text index."""
    return kind != "table" or name is None or not name.startswith("search_words")


def is_on(dialect: str, item: object, *_about: object) -> bool:
    """Whether this item of the models exists on ``dialect``: special index types are only on PostgreSQL."""
    other_kind = isinstance(item, Index) and item.dialect_options["postgresql"]["using"]
    return dialect == "postgresql" or not other_kind
