"""The ids that imported comments had in the system they come from."""

import re
from hashlib import blake2b
from typing import Literal, get_args

Source = Literal["wordpress"]
SOURCES: tuple[Source, ...] = get_args(Source)
# An id in a link: ours, or that of WordPress, Disqus, Isso or Remark42.
LINKED_ID = r"^[A-Za-z0-9_-]{1,100}$(?!\n)"
MAX_LENGTH = 100  # of the column


def imported_from(source: str, old_id: str) -> str:
    """Return the value that a comment of ``source`` keeps for good; an id too long for its column is hashed."""
    named = f"{source}:{old_id}"
    return named if len(named) <= MAX_LENGTH else f"{source}:{blake2b(old_id.encode(), digest_size=16).hexdigest()}"


def old_id(imported_from: str | None) -> str | None:
    """Return the id in the old system, if links can have it; None for a comment that was posted here."""
    found = (imported_from or "").partition(":")[2]
    return found if re.fullmatch(LINKED_ID, found) else None
