"""Repair the HTML of imported comments.

WordPress stores a comment as it was typed: a few tags, often unclosed, with newlines for paragraphs. The output here is
balanced and not nested too deep, but **not** safe: the sanitiser runs after it.
"""

import re
from html import escape, unescape

from service.platform.text.plain_text import clean_text, is_blank, without_bidi_controls
from service.platform.text.web_urls import is_web_url

# Of nested elements: the sanitiser's time is quadratic in the depth.
MAX_DEPTH = 24

_INLINE = frozenset({"a", "b", "code", "del", "em", "i", "q", "s", "strike", "strong"})
_BLOCKS = frozenset({"blockquote", "li", "ol", "pre", "ul"})
_NEVER_NESTED = frozenset({"a", "pre"})


def repair_html(html_text: str) -> str:
    """Turn newlines into paragraphs and line breaks, and keep only elements that a comment may have.

    Other tags are removed and their text stays; an image becomes a link to it. Linear in the length of ``html_text``.
    """
    text = without_bidi_controls(clean_text(_REFERENCE.sub(_decode, html_text)))
    text = _PARAGRAPH.sub("\n\n", _BREAK.sub("\n", text))
    return _with_paragraphs(_balanced(text))


def _decode(reference: re.Match[str]) -> str:
    """Decode ``reference`` so that it is cleaned like other text; characters of markup are escaped."""
    return escape(unescape(reference[0])) or "\N{REPLACEMENT CHARACTER}"


def _balanced(text: str) -> str:
    """Close the elements of ``text`` in the right order; escape each ``<`` that does not begin a tag."""
    out: list[str] = []
    elements = _Elements()
    at = 0
    for tag in _TAG.finditer(text):
        out.append(text[at : tag.start()].replace("<", "&lt;"))
        out.append(elements.convert(tag))
        at = tag.end()
    out.append(text[at:].replace("<", "&lt;"))
    out.append(elements.close_all())
    return "".join(out)


class _Elements:
    """The open elements, and the number of skipped ones whose end tag is still to come."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._skipped: dict[str, int] = {}

    def convert(self, tag: re.Match[str]) -> str:
        """Return the output for ``tag``."""
        name = (tag["name"] or "").lower()
        if name == "img":
            return self._image(tag["attributes"])
        if name not in _INLINE | _BLOCKS:
            return ""
        return self._close_element(name) if tag["slash"] else self._open_element(name, tag["attributes"])

    def close_all(self) -> str:
        return self._close_down_to(0)

    def _open_element(self, name: str, attributes: str) -> str:
        before = self._close_down_to(len(self._open) - 1) if name == "li" and self._open[-1:] == ["li"] else ""
        href = _attribute("href", attributes)
        too_deep = len(self._open) >= MAX_DEPTH or name in _NEVER_NESTED.intersection(self._open)
        if too_deep or (name == "a" and not is_web_url(href)):
            self._skipped[name] = self._skipped.get(name, 0) + 1
            return before
        self._open.append(name)
        return before + (f'<a href="{escape(href)}">' if name == "a" else f"<{name}>")

    def _close_element(self, name: str) -> str:
        if self._skipped.get(name):
            self._skipped[name] -= 1
            return ""
        if name not in self._open:
            return ""
        return self._close_down_to(len(self._open) - 1 - self._open[::-1].index(name))

    def _close_down_to(self, depth: int) -> str:
        closed = "".join(f"</{name}>" for name in reversed(self._open[depth:]))
        del self._open[depth:]
        return closed

    def _image(self, attributes: str) -> str:
        source, text = _attribute("src", attributes), escape(_attribute("alt", attributes))
        if "a" in self._open or not is_web_url(source):
            return text
        return f'<a href="{escape(source)}">{text or escape(source)}</a>'


def _attribute(name: str, attributes: str) -> str:
    for given in _ATTRIBUTE.finditer(attributes):
        if given["name"].lower() == name:
            return unescape(given["double"] or given["single"] or given["bare"] or "").strip()
    return ""


def _with_paragraphs(html: str) -> str:
    """Add paragraphs and line breaks to balanced ``html`` for its newlines outside ``<pre>``."""
    parts: list[str] = []
    blocks: list[str] = []
    for number, piece in enumerate(_BLOCK.split(html)):
        if number % 2 == 0:
            parts.append(_wrap_paragraphs(piece, in_item=blocks[-1:] == ["<li>"]))
            continue
        parts.append(piece)
        if piece.startswith("</"):
            blocks.pop()
        elif not piece.startswith("<pre>"):
            blocks.append(piece)
    return "".join(parts)


def _wrap_paragraphs(text: str, *, in_item: bool) -> str:
    """Wrap ``text`` in paragraphs, unless it shows nothing or is the only paragraph of a list item."""
    if is_blank(_ANY_TAG.sub("", text)):
        return text.strip()
    paragraphs = ["<br>\n".join(map(str.strip, part.split("\n"))) for part in _BLANK_LINES.split(text.strip())]
    if in_item and len(paragraphs) == 1:
        return paragraphs[0]
    # No newline between them: if an element spans paragraphs, the sanitiser would wrap the newline in it.
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


_REFERENCE = re.compile(r"&(?:(?:#[xX][\da-fA-F]{1,12}|#\d{1,12}|[A-Za-z][A-Za-z\d]{1,31});?)?", re.ASCII)
_BREAK = re.compile(r"<br\b[^<>]*>[ \t]*\n?", re.IGNORECASE)
_PARAGRAPH = re.compile(r"</?(?:p|div|h[1-6]|hr|table|tr)\b[^<>]*>", re.IGNORECASE)

# A quoted value may contain “>” but not “<”, so nothing is scanned twice, however many quotes stay open.
_TAG = re.compile(
    r"""<(?P<slash>/?)(?P<name>[a-zA-Z][a-zA-Z\d]*)(?P<attributes>(?:[\s/](?:[^<>"']|"[^"<]*"|'[^'<]*')*+)?)>|<[!?][^<>]*>"""
)
_ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s"'=/]+)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"']+))"""
)
_ANY_TAG = re.compile(r"<[^<>]*>")
_BLOCK = re.compile(r"(<pre>.*?</pre>|</?(?:blockquote|li|ol|ul)>)", re.DOTALL)
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
