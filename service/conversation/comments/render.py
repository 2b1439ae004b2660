"""Render a comment's HTML once, when it is written. One sanitiser has the last word on all markup.

One allowlist covers Markdown from readers and imported HTML. Nothing that a reader typed vanishes: markup outside the
subset shows as text, an image becomes a link to it, and the target of a forbidden link follows its text.
"""

import re
from html import escape, unescape
from urllib.parse import unquote

import nh3

from service.conversation.comments.imported_html import repair_html
from service.conversation.comments.markdown import markdown_to_html
from service.platform.text.plain_text import without_bidi_controls
from service.platform.text.web_urls import is_web_url

# Links per comment, above any limit of the rule on links, and the characters of their targets, which percent-encoding
# makes up to twelve times as long as typed. Further links show as text.
MAX_LINKS = 150
MAX_TARGETS = 20_000
# Nested emphasis. Deeper levels look no different, so their tags are dropped and their text stays.
MAX_EMPHASIS_DEPTH = 8

_MARKDOWN_TAGS = {"a", "blockquote", "br", "code", "del", "em", "li", "ol", "p", "pre", "strong", "ul"}
_REL = "nofollow ugc noopener"
_SANITISER = nh3.Cleaner(
    tags=_MARKDOWN_TAGS | {"b", "i", "q", "s", "strike"},
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel=_REL,
)


def render(body: str) -> str:
    """Return the safe HTML of ``body``, Markdown that a reader typed, already cleaned (:func:`clean_text`).

    Linear in its length; a usual comment takes some 50 µs. The HTML of 10,000 characters has at most 65,000, half of
    them markup or escaped signs.
    """
    body = without_bidi_controls(body)
    html = markdown_to_html(body)
    if "<a " in html or "<img " in html:
        html = _filter_links(html)
    if html.count("<em>") + html.count("<strong>") + html.count("<del>") > MAX_EMPHASIS_DEPTH:
        html = _limit_emphasis(html)
    if not _VISIBLE_TEXT.search(html):
        html = f"<p>{escape(body)}</p>"
    return _sanitise(html)


def sanitise_imported(html_text: str) -> str:
    """Return the safe HTML of ``html_text``, a comment as WordPress stores it.

    Blank lines separate paragraphs, and single newlines are line breaks. Tags that are not allowed are removed; their
    text stays.
    """
    return _sanitise(repair_html(html_text))


def _sanitise(html: str) -> str:
    # The sanitiser decides on each URL last, and adds rel even to a link whose href it removed.
    return _LINK_WITHOUT_TARGET.sub(r"<a\1>", _SANITISER.clean(html)).strip()


def _filter_links(html: str) -> str:
    """Keep web links in the parser's ``html``; no other links, no nested links, no images."""
    parts: list[str] = []
    open_links: list[tuple[re.Match[str], int]] = []
    end = 0
    left = _LinksLeft()
    for tag in _LINK_TAG.finditer(html):
        parts.append(html[end : tag.start()])
        end = tag.end()
        if tag["alt"] is not None:
            parts.append(tag["alt"] if open_links else _link(tag, tag["alt"], left))
        elif tag["target"] is not None:
            open_links.append((tag, len(parts)))
        else:
            opening, first = open_links.pop()
            text = "".join(parts[first:])
            parts[first:] = [text if open_links else _link(opening, text, left)]
    return "".join([*parts, html[end:]])


class _LinksLeft:
    """How many links a comment may still have."""

    def __init__(self) -> None:
        self._links, self._characters = MAX_LINKS, MAX_TARGETS

    def take(self, target: str) -> bool:
        """Whether there may be a link to ``target``, of which the caller then makes one."""
        if self._links == 0 or len(target) > self._characters:
            return False
        self._links -= 1
        self._characters -= len(target)
        return True


def _link(tag: re.Match[str], text: str, left: _LinksLeft) -> str:
    """Return a link, or for a forbidden target the text followed by the target."""
    target = tag["target"]
    text = text.strip() or target
    if not left.take(target):
        typed = escape(unquote(unescape(target)), quote=False).replace('"', "&quot;")
        return text if unquote(text) in {typed, typed.removeprefix("http://")} else f"{text} ({typed})"
    if _is_web_link(unescape(target)):
        return f'<a href="{target}"{tag["title"] or ""}>{text}</a>'
    address = target.removeprefix("mailto:")
    return text if text in {address, unquote(target)} or not address else f"{text} ({address})"


def _is_web_link(url: str) -> bool:
    # The parser percent-encodes the letters of a host like пример.рф; browsers decode that, and is_web_url refuses it.
    return is_web_url(_HOST.sub(lambda host: unquote(host[0]), url, count=1))


def _limit_emphasis(html: str) -> str:
    """Drop the tags of emphasis nested too deep in the parser's ``html``."""
    depth = 0

    def keep_or_drop(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[0].startswith("</"):
            depth -= 1
            return tag[0] if depth < MAX_EMPHASIS_DEPTH else ""
        depth += 1
        return tag[0] if depth <= MAX_EMPHASIS_DEPTH else ""

    return _EMPHASIS.sub(keep_or_drop, html)


_LINK_TAG = re.compile(
    r'<(?:a href|img src)="(?P<target>[^"]*)"(?: alt="(?P<alt>[^"]*)")?(?P<title> title="[^"]*")?(?: /)?>|</a>'
)
_HOST = re.compile(r"(?<=//)[^/?#]+")
_EMPHASIS = re.compile(r"</?(?:em|strong|del)>")
_VISIBLE_TEXT = re.compile(r">[^<]*[^<\s]")
_LINK_WITHOUT_TARGET = re.compile(rf'<a((?: title="[^"]*")?) rel="{_REL}">')
