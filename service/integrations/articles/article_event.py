"""Article events of a host, decoded."""

from datetime import datetime
from typing import Any, Literal, NamedTuple

Kind = Literal["article.published", "article.updated", "article.withdrawn", "article.restored", "article.deleted"]
AnyKind = Kind | Literal["article.moved"]  # moved by a call
# Whether an event of this kind withdraws the article. Kinds that are missing here change nothing.
WITHDRAWN: dict[str, bool] = {
    "article.published": False,
    "article.withdrawn": True,
    "article.restored": False,
    "article.deleted": True,
}


class ArticleEvent(NamedTuple):
    """One article event, decoded: the article's id, its ``previous`` id and the changes.

    ``changes`` maps columns of the thread to values. ``at`` is when the change happened at the host; ``sent_at`` is
    when the host sent the event. ``closed`` closes or reopens the thread, or is None. A
    thread is moved by an update with a ``previous`` id or, by a call, with nothing else (``article.moved``).
    """

    kind: AnyKind
    article: str
    previous: str | None
    changes: dict[str, Any]
    at: datetime
    sent_at: datetime
    closed: bool | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of the article, the current one first."""
        return [self.article] if self.previous in {None, self.article} else [self.article, str(self.previous)]

    @property
    def has_content(self) -> bool:
        """Whether the event carries the article's content; the other kinds only say if it is public."""
        return self.kind in {"article.published", "article.updated", "article.moved"}
