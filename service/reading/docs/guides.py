"""The guides at ``/docs/guides/``: the Markdown files in ``guides/``, rendered once, with their images.

Links between guides are written for a code host (``embed.md#style``); here they point to the served page. Headings
get the same anchors as on code hosts, so one link works in both places.
"""

import asyncio
import re
from functools import cache
from html import unescape
from itertools import count
from pathlib import Path
from typing import NamedTuple

from cmarkgfm import github_flavored_markdown_to_html
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from service.platform.http.base_path import base_path_of
from service.platform.http.conditional import entity_tag, is_not_modified, not_modified
from service.platform.http.raw_routes import path_parameter
from service.platform.languages.messages import FALLBACK
from service.reading.docs.contract import MAX_AGE_SECONDS
from service.reading.pages.templates_engine import ENVIRONMENT, SAFE, html_page, page

FOLDER = Path(__file__).parent / "guides"
# In the order a newcomer needs them; a file that is not listed is not served.
ORDER = (
    "install",
    "integrate",
    "embed",
    "webhooks",
    "moderate",
    "import",
    "wordpress",
    "wagtail",
    "static-sites",
)
INDEX = ""
# The policy of the pages, and images for the guides.
POLICY = f"{SAFE['content-security-policy']}; img-src 'self'"
CACHE = f"public, max-age={MAX_AGE_SECONDS}"

_COMMENT = re.compile(r"^ *<!--.*?-->\n", re.MULTILINE)
_HEADING = re.compile(r"<h([1-4])>(.*?)</h\1>")
_TAG = re.compile(r"<[^>]+>")
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_HEAD = re.compile(r"<th>(.*?)</th>")
_CODE_BLOCK = re.compile(r'<pre(?: lang="[^"]*")?>')
_LINK = re.compile(r'href="([a-z-]+)\.md(#[^"]*)?"')


class Heading(NamedTuple):
    """A heading of a guide: its ``level`` (2 to 4), its ``anchor`` and its text."""

    level: int
    anchor: str
    text: str


class Guide(NamedTuple):
    """A rendered guide; ``summary`` is the text of its first paragraph."""

    name: str
    title: str
    summary: str
    body: Markup
    contents: list[Heading]


class _Document(NamedTuple):
    content: bytes
    media_type: str
    tag: str


async def get_guides(request: Request) -> Response:
    """Send the list of guides."""
    return _send(request, (await asyncio.to_thread(_documents, base_path_of(request)))[INDEX])


async def get_guide(request: Request) -> Response:
    """Send a guide or one of its images; any other name gets the 404 page."""
    found = (await asyncio.to_thread(_documents, base_path_of(request))).get(path_parameter(request, "guide"))
    if found is None:
        return page(
            "missing.html",
            base_path=base_path_of(request),
            locale=FALLBACK,
            status=404,
            headers={"cache-control": "no-store"},
        )
    return _send(request, found)


def _send(request: Request, document: _Document) -> Response:
    headers = {"etag": document.tag, "cache-control": CACHE}
    if is_not_modified(request, document.tag):
        return not_modified(headers)
    if document.media_type != "text/html":
        return Response(document.content, headers=headers, media_type=document.media_type)
    return html_page(document.content.decode(), headers={**headers, "content-security-policy": POLICY})


@cache
def _documents(base_path: str) -> dict[str, _Document]:
    """Return the index, every guide and every image by the last path segment; built at the first request."""
    guides = [read_guide(name) for name in ORDER]
    pages = {INDEX: _page("guides.html", base_path=base_path, guides=guides)}
    for guide in guides:
        pages[guide.name] = _page("guide.html", base_path=base_path, guide=guide, guides=guides)
    return pages | {path.name: _picture(path) for path in FOLDER.glob("*.png")}


def _page(template: str, **context: object) -> _Document:
    html = ENVIRONMENT.get_template(template).render(lang="en", direction="ltr", **context)
    return _Document(html.encode(), "text/html", entity_tag(html))


def _picture(path: Path) -> _Document:
    content = path.read_bytes()
    return _Document(content, "image/png", entity_tag(content))


def read_guide(name: str) -> Guide:
    """Read and render the guide ``name``, one of :data:`ORDER`."""
    source = _COMMENT.sub("", (FOLDER / f"{name}.md").read_text())
    html = _LINK.sub(r'href="\1\2"', github_flavored_markdown_to_html(source))
    html = _CODE_BLOCK.sub('<pre tabindex="0">', html)
    contents: list[Heading] = []

    def add_anchor(found: re.Match[str]) -> str:
        level, text = int(found[1]), found[2]
        if level == 1:
            return found[0]
        anchor = _anchor(_plain(text), contents)
        contents.append(Heading(level, anchor, _plain(text)))
        return f'<h{level} id="{anchor}">{text}</h{level}>'

    html = _in_scrolling_regions(_HEADING.sub(add_anchor, html))
    title, _, body = html.partition("</h1>")
    summary = _plain(body.partition("<p>")[2].partition("</p>")[0])
    return Guide(name, _plain(title), summary, Markup(html), contents)  # noqa: S704 - the text is ours


def _anchor(text: str, earlier: list[Heading]) -> str:
    """Return the anchor of the heading ``text``, as code hosts make it; a repeated one ends in ``-1``."""
    anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    same = sum(1 for heading in earlier if re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", heading.anchor))
    return f"{anchor}-{same}" if same else anchor


def _in_scrolling_regions(html: str) -> str:
    """Wrap each table in a region that scrolls sideways; label each cell with its column."""
    numbers = count(1)

    def wrap(found: re.Match[str]) -> str:
        labels = [_plain(head) for head in _HEAD.findall(found[0])]
        table = _ROW.sub(lambda row: _labelled(row[0], labels), found[0])
        return f'<div class="table" tabindex="0" role="region" aria-label="Table {next(numbers)}">{table}</div>'

    return _TABLE.sub(wrap, html)


def _labelled(row: str, labels: list[str]) -> str:
    """Add ``data-label`` to the cells of ``row``; narrow windows show each row as a list."""
    for label in labels:
        row = row.replace("<td>", f'<td data-label="{escape(label)}">', 1)
    return row


def _plain(html: str) -> str:
    """Return the text of ``html``."""
    return unescape(_TAG.sub("", html)).strip()
