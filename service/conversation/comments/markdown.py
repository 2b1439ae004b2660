"""Parse the subset of Markdown that comments may use; everything else shows as it was typed.

Headings, rules, raw HTML, reference definitions and character references for invisible characters are disabled before
parsing. A comment that says ``# 1 reason``, ``+`` or ``<b>`` shows exactly that, and nothing vanishes.

*How*: a separator, a character that no text may contain, is inserted where it breaks the markup: ``<b>`` with it is not
a tag. It is removed from the HTML afterwards. It leaves no trace even where it was not needed, as in code, so only the
parser has to recognise code. Backslashes would show there.
"""

import re
from html import unescape
from unicodedata import category

from service.conversation.comments.autolinks import mark_autolinks, remove_marks
from service.conversation.comments.cmark import to_html
from service.platform.text.plain_text import is_blank

# Limits per line: nested quotes and lists, and the white space (in columns) before them. The parser handles any depth,
# but the sanitiser's time is quadratic in it: 10,000 “>” took 190 ms.
MAX_DEPTH = 8
MAX_WIDTH = 24
# Limit per comment: further quotes and list items show as typed, because two characters become 37 of HTML.
MAX_CONTAINERS = 1_000

_SEPARATOR = "\ufdd0"
_ENCODED_SEPARATOR = "%EF%B7%90"
_RESERVED = re.compile("[\ufdd0-\ufdd2]")


def markdown_to_html(source: str) -> str:
    """Return the HTML of ``source``: tags of the subset, images, and links to any target; sanitise it afterwards.

    Typed angle brackets and ampersands are escaped, so each ``<`` begins a tag that the parser made. ``source`` must be
    clean text (:func:`clean_text`). Linear in its length.
    """
    source = _RESERVED.sub("\N{REPLACEMENT CHARACTER}", source).replace("\r", "\n")
    html = remove_marks(to_html(_disable_markup(mark_autolinks(source))))
    if _SEPARATOR not in html and _ENCODED_SEPARATOR not in html:
        return html
    return html.replace(_SEPARATOR, "").replace(_ENCODED_SEPARATOR, "")


def _disable_markup(source: str) -> str:
    if "<" in source:
        source = _TAG_START.sub(f"<{_SEPARATOR}", source)
    if "&" in source:
        source = _REFERENCE.sub(_disable_reference, source)
    # A reference definition would vanish, and 1,000 links to one long reference would repeat it 1,000 times.
    source = source.replace("]:", f"]{_SEPARATOR}:")
    left = MAX_CONTAINERS
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if line[:1] in _LINE_STARTS:
            lines[number], opened = _disable_block(line, max_depth=min(MAX_DEPTH, left))
            left -= opened
    return "\n".join(lines)


def _disable_reference(reference: re.Match[str]) -> str:
    """Disable a reference to an invisible character or a combining mark, which :func:`clean_text` cannot see."""
    decoded = unescape(reference[0])
    is_invisible = is_blank(decoded) or any(category(character)[0] in "CM" for character in decoded)
    return f"&{_SEPARATOR}{reference[0][1:]}" if is_invisible and decoded != "\xa0" else reference[0]


def _disable_block(line: str, *, max_depth: int) -> tuple[str, int]:
    """Skip the quotes and list items that open ``line``; disable a block inside them, or one nested too deep.

    Returns the line and the number of quotes and list items.
    """
    at = depth = width = 0
    while True:
        if block := _DISABLED_BLOCK.match(line, at):
            return _separate_at(block.start("block"), line), depth
        container = _CONTAINER.match(line, at)
        if container is None:
            return line, depth
        width += len(container["space"].expandtabs(4))
        if depth == max_depth or width > MAX_WIDTH:
            return _separate_at(container.start("marker"), line), depth
        depth += 1
        at = container.end()


def _separate_at(place: int, line: str) -> str:
    return f"{line[:place]}{_SEPARATOR}{line[place:]}"


# The start of a tag, a comment or an instruction, unless it is a link like <https://example.org>.
_TAG_START = re.compile(r"<(?=[A-Za-z/!?])(?!https?://[^\s<>]*>)", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});", re.ASCII)

_LINE_STARTS = frozenset(" \t>#=-+*_`~0123456789")
_CONTAINER = re.compile(r"(?P<space>[ \t]*+)(?P<marker>>|(?:[-+*]|[0-9]{1,9}[.)])(?=[ \t]))")
_DISABLED_BLOCK = re.compile(
    r"""[ \t]*+(?P<block>
        \#{1,6}(?:[ \t]|$)                                  # a heading
      | (?:=++|-++)[ \t]*+$                                 # an underline that makes a heading of the line above
      | (?P<sign>[-_*])(?:[ \t]*+(?P=sign)){2,}+[ \t]*+$    # a rule
      | (?:[-+*]|[0-9]{1,9}[.)])[ \t]*+$                    # an empty list item
      | (?:`{3,}|~{3,})[ \t]*+[^`\s]++[ \t]++[^`\s]         # a fence with text after its language, which would vanish
    )""",
    re.VERBOSE,
)
