"""Parse the subset of Markdown that comments may use; everything else shows as it was typed.

Headings, rules, raw HTML, reference definitions and character references for invisible characters are disabled before
parsing. A comment that says ``# 1 reason``, ``+`` or ``<b>`` shows exactly that, and nothing vanishes.

*How*: a stand-in, a character that no text may contain, is inserted where it breaks the markup: ``<b>`` with it is not
a tag. It is removed from the HTML afterwards. It leaves no trace even where it was not needed, as in code, so only the
parser has to recognise code. Backslashes would show there.
"""

import re
from html import unescape
from unicodedata import category

from service.conversation.comments.cmark import to_html
from service.platform.text.plain_text import is_blank

# Quotes and lists on one line, and the white space (in columns) before its list items: both nest. The parser handles
# any depth, but the sanitiser's time is quadratic in it: 10,000 “>” took 190 ms.
DEEPEST = 8
WIDEST = 24

_STAND_IN = "\ufdd0"
_ENCODED_STAND_IN = "%EF%B7%90"


def parse(source: str) -> str:
    """Return the HTML of ``source``: tags of the subset, images, and links to any target; sanitise it afterwards.

    Typed angle brackets and ampersands are escaped, so each ``<`` begins a tag that the parser made. ``source`` must be
    clean text (:func:`clean_text`). Linear in its length.
    """
    source = source.replace(_STAND_IN, "\N{REPLACEMENT CHARACTER}").replace("\r", "\n")
    html = to_html(_hold_back(source))
    if _STAND_IN not in html and _ENCODED_STAND_IN not in html:
        return html
    return html.replace(_STAND_IN, "").replace(_ENCODED_STAND_IN, "")


def _hold_back(source: str) -> str:
    if "<" in source:
        source = _TAG_START.sub(f"<{_STAND_IN}", source)
    if "&" in source:
        source = _REFERENCE.sub(_hold_back_reference, source)
    # A reference definition would vanish, and 1,000 links to one long reference would repeat it 1,000 times.
    source = source.replace("]:", f"]{_STAND_IN}:")
    return "\n".join(_hold_back_line(line) if line[:1] in _LINE_STARTS else line for line in source.split("\n"))


def _hold_back_reference(reference: re.Match[str]) -> str:
    """Disable a reference to an invisible character or a combining mark, which cleaning the text cannot see."""
    meant = unescape(reference[0])
    slips_in = is_blank(meant) or any(category(character)[0] in "CM" for character in meant)
    return f"&{_STAND_IN}{reference[0][1:]}" if slips_in and meant != "\xa0" else reference[0]


def _hold_back_line(line: str) -> str:
    """Skip the quotes and list items that open ``line``; disable a block inside them, or one nested too deep."""
    at = depth = width = 0
    while True:
        if refused := _REFUSED.match(line, at):
            return _stand_in_at(refused.start("block"), line)
        container = _CONTAINER.match(line, at)
        if container is None:
            return line
        depth += 1
        width += len(container["space"].expandtabs(4))
        if depth > DEEPEST or width > WIDEST:
            return _stand_in_at(container.start("marker"), line)
        at = container.end()


def _stand_in_at(place: int, line: str) -> str:
    return f"{line[:place]}{_STAND_IN}{line[place:]}"


# The start of a tag, a comment or an instruction, unless it is a link like <https://example.org>.
_TAG_START = re.compile(r"<(?=[A-Za-z/!?])(?!https?://[^\s<>]*>)", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});", re.ASCII)

_LINE_STARTS = frozenset(" \t>#=-+*_`~0123456789")
_CONTAINER = re.compile(r"(?P<space>[ \t]*+)(?P<marker>>|(?:[-+*]|[0-9]{1,9}[.)])(?=[ \t]))")
_REFUSED = re.compile(
    r"""[ \t]*+(?P<block>
        \#{1,6}(?:[ \t]|$)                                  # a heading
      | (?:=++|-++)[ \t]*+$                                 # what makes the line above one
      | (?P<mark>[-_*])(?:[ \t]*+(?P=mark)){2,}+[ \t]*+$    # a rule
      | (?:[-+*]|[0-9]{1,9}[.)])[ \t]*+$                    # an item with nothing in it
      | (?:`{3,}|~{3,})[ \t]*+[^`\s]++[ \t]++[^`\s]         # a fence with more after it than a language, which would go
    )""",
    re.VERBOSE,
)
