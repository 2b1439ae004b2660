"""Query parameters of readers' pages."""

from typing import Annotated, Literal

from msgspec import Meta

from service.conversation.comments.imported_ids import LINKED_ID
from service.platform.wire import Body

PAGE = 50
ListOrder = Literal["oldest", "newest", "featured"]


class FragmentQuery(Body):
    """The page of a thread to show: the one after ``cursor``, or the one with ``comment``.

    The order ``featured`` shows only what editors picked, oldest first. ``comment`` is an id of ours, or the id that an
    imported comment had in its old system.
    """

    order: ListOrder = "oldest"
    limit: Annotated[int, Meta(ge=1, le=200)] = PAGE
    cursor: str | None = None
    comment: Annotated[str, Meta(pattern=LINKED_ID)] | None = None
