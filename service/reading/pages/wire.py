"""Query parameters of readers' pages."""

from typing import Annotated, Literal

from msgspec import Meta

from service.conversation.comments.imported_ids import LINKED_ID
from service.platform.wire import Body

PAGE = 50


class FragmentQuery(Body):
    """The page of a thread to show: the one after ``cursor``, or the one with ``comment``.

    ``comment`` is an id of ours, or the id that an imported comment had in its old system.
    """

    order: Literal["oldest", "newest"] = "oldest"
    limit: Annotated[int, Meta(ge=1, le=200)] = PAGE
    cursor: str | None = None
    comment: Annotated[str, Meta(pattern=LINKED_ID)] | None = None
