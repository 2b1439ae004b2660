"""A comment's text as a quotation, for the form without scripts. The embed quotes what the browser shows."""

import re
from html import unescape

from service.reading.pages.comment_tree import TAG

LINE_END = re.compile(r"(?:<br\b[^>]*>|</li>)\n?")
BLOCK_END = re.compile(r"</(?:p|pre|ul|ol|blockquote)>")


def quoted(html: str) -> str:
    """Return the text of ``html`` with ``>`` before each line, and an empty line below."""
    text = unescape(TAG.sub("", BLOCK_END.sub("\n\n", LINE_END.sub("\n", html))))
    lines = re.sub(r"\n\s*\n", "\n\n", text.strip()).split("\n")
    return "".join(f"> {line.strip()}".rstrip() + "\n" for line in lines) + "\n"
