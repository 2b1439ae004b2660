"""What can be an article's id: the host's own text, whatever it is. Pure."""

LONGEST = 500
WHAT_AN_ID_IS = "An article's id has 1 to 500 characters and no control characters, and is not “.” or “..”."


def is_article_id(text: str) -> bool:
    """Whether ``text`` can be an article's id. ``.`` and ``..`` can't: clients take them out of paths."""
    return 1 <= len(text) <= LONGEST and text not in {".", ".."} and not has_control(text)


def has_control(text: str) -> bool:
    """Whether a control character (C0, DEL, C1) stands in ``text``."""
    return any(character < " " or "\x7f" <= character <= "\x9f" for character in text)
