"""Query parameters of readers' pages."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from service.platform.wire import Body

PAGE = 50


class FragmentQuery(Body):
    """The page of a thread to show: the one after ``cursor``, or the one with ``comment``."""

    order: Literal["oldest", "newest"] = "oldest"
    limit: Annotated[int, Meta(ge=1, le=200)] = PAGE
    cursor: str | None = None
    comment: UUID | None = None
