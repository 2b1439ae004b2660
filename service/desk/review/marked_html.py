"""Mark what the rules matched in a comment's rendered text, and the links that show their own address. Pure."""

import re
from collections.abc import Iterable
from html import escape

from markupsafe import Markup

MAX_MARKS = 50
_BARE_LINK = re.compile(r'<a (href="(?:mailto:)?([^"]*?)/?"[^>]*>\2/?</a>)')
_TAG = re.compile(r"(<[^>]*>)")


def marked_html(html: str, matches: Iterable[str]) -> Markup:
    """Return sanitised ``html`` with each of ``matches``, parts of the text as written, in a ``mark`` element.

    A match that markup divides is not marked; the first :data:`MAX_MARKS` are. Links whose text is their address get
    the class ``bare``.
    """
    html = _BARE_LINK.sub(r'<a class="bare" \1', html)
    wanted = sorted({escape(each, quote=False) for each in matches if each.strip()}, key=len, reverse=True)
    if not wanted:
        return Markup(html)  # noqa: S704  # the sanitiser made it
    pattern = re.compile("|".join(map(re.escape, wanted)))
    left, pieces = MAX_MARKS, []
    for piece in _TAG.split(html):
        marked = piece
        if left and not piece.startswith("<"):
            marked, found = pattern.subn(_mark, piece, count=left)
            left -= found
        pieces.append(marked)
    return Markup("".join(pieces))  # noqa: S704  # the sanitiser made it, and marks contain only its text


def _mark(match: re.Match[str]) -> str:
    return f"<mark>{match[0]}</mark>"
