"""Article ids: the host's own text, with few restrictions. Pure."""

import re

MAX_LENGTH = 500
ARTICLE_ID_FORMAT = "An article id must have 1 to 500 characters and no control characters, and not be “.” or “..”."


def is_article_id(text: str) -> bool:
    """Whether ``text`` is a valid article id. ``.`` and ``..`` are not: clients remove them from paths."""
    return 1 <= len(text) <= MAX_LENGTH and text not in {".", ".."} and not has_control(text)


def has_control(text: str) -> bool:
    """Whether ``text`` contains a control character (C0, DEL, C1)."""
    return _CONTROL.search(text) is not None


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
