"""The repository's Markdown files: their links, anchors and commands; and the pages rendered from them."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
RUN = re.compile(r"^<!-- run: (\w+) -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    """Every Markdown file that git tracks."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


def links_of(document: Path) -> list[str]:
    """Return the targets of the links and images of a Markdown file."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", document.read_text()))
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors_of(document: Path) -> list[str]:
    """Return the anchors of the headings of a Markdown file on a code host, in order."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text()), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def blocks_of(document: Path, language: str) -> list[str]:
    """Return the fenced code blocks in ``language``."""
    return [code for _, name, code in FENCE.findall(document.read_text()) if name == language]


def script_of(document: Path, environment: str) -> str:
    """Return the commands that a file marks to run in ``environment``, in order; may be empty."""
    return "".join(code for name, code in RUN.findall(document.read_text()) if name == environment)


class Page(NamedTuple):
    """The anchors, the targets of links and images, and the text of an HTML page."""

    anchors: set[str]
    links: list[str]
    text: str


def read_page(html: str) -> Page:
    """Parse an HTML page."""
    reader = _Reader()
    reader.feed(html)
    return Page(reader.anchors, reader.links, reader.text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if anchor := given.get("id"):
            assert anchor not in self.anchors, anchor
            self.anchors.add(anchor)
        if target := given.get("href") or given.get("src"):
            self.links.append(target)

    def handle_data(self, data: str) -> None:
        self.text += data
