"""The Markdown that a comment may have; all else that Markdown knows is text here, and shows as it was typed.

Headings, rules, raw HTML, reference definitions and character references for invisible characters are held back before
the parser sees them: a comment that says ``# 1 reason``, ``+`` or ``<b>`` says just that, and nothing vanishes.

How: a stand-in, a character that no text may contain, goes where it breaks the markup (``<b>`` with it is no tag) and is
taken out of the HTML again. So it leaves no trace even where it was not needed, in code above all, and what is code,
only the parser has to know. Escaping with backslashes would show in code.
"""

import re
from html import unescape
from unicodedata import category

from service.comments.cmark import to_html
from service.web.text import is_blank

# Quotes and lists on one line, and the white space (in columns) in front of its list items: both nest. The parser can
# do with any depth, but the sanitiser takes time by its square: 10,000 “>” took it 190 ms.
DEEPEST = 8
WIDEST = 24

_STAND_IN = "\ufdd0"
_ENCODED_STAND_IN = "%EF%B7%90"


def parse(source: str) -> str:
    """The HTML of ``source``, with tags of the subset, images, and links to anywhere; the sanitiser comes after.

    Typed angle brackets and ampersands are escaped, so each ``<`` in it begins a tag that the parser made. ``source``
    is clean text (:func:`service.web.text.clean_text`). Takes time in proportion to its length.
    """
    html = to_html(_hold_back(source.replace(_STAND_IN, "\N{REPLACEMENT CHARACTER}")))
    if _STAND_IN not in html and _ENCODED_STAND_IN not in html:
        return html
    return html.replace(_STAND_IN, "").replace(_ENCODED_STAND_IN, "")


def _hold_back(source: str) -> str:
    source = _BIDI_CONTROLS.sub("", source)
    if "<" in source:
        source = _TAG_START.sub(f"<{_STAND_IN}", source)
    if "&" in source:
        source = _REFERENCE.sub(_hold_back_reference, source)
    source = source.replace("]:", f"]{_STAND_IN}:")
    return "\n".join(_hold_back_line(line) if line[:1] in _LINE_STARTS else line for line in source.split("\n"))


def _hold_back_reference(reference: re.Match[str]) -> str:
    """Nobody types ``&#8238;`` but to slip in what cleaning the text would have taken out."""
    meant = unescape(reference[0])
    hidden = is_blank(meant.strip("\xa0")) or any(category(character)[0] in "CM" for character in meant)
    return f"&{_STAND_IN}{reference[0][1:]}" if hidden else reference[0]


def _hold_back_line(line: str) -> str:
    rule = _RULE.fullmatch(line)
    at = rule.start("rule") if rule else _after_containers(line)
    return f"{line[:at]}{_STAND_IN}{line[at:]}" if rule or _BLOCK.match(line, at) else line


def _after_containers(line: str) -> int:
    """Where in ``line`` its quotes and list items have opened, or too many have."""
    at = depth = width = 0
    while container := _CONTAINER.match(line, at):
        depth += 1
        width += len(container["space"].expandtabs(4))
        if depth > DEEPEST or width > WIDEST:
            return container.start("marker")
        at = container.end()
    return at + len(line[at:]) - len(line[at:].lstrip(" \t"))
