"""The repository's Markdown as a code host shows it, the pages made of it, and the commands in it."""

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
    """What the links and pictures of a Markdown file point to."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", document.read_text()))
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors_of(document: Path) -> list[str]:
    """The anchors that a code host gives the headings of a Markdown file, in their order."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text()), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def blocks_of(document: Path, language: str) -> list[str]:
    """The fenced blocks in ``language``."""
    return [code for _, name, code in FENCE.findall(document.read_text()) if name == language]


def script_of(document: Path, place: str) -> str:
    """The commands that a file asks to run in ``place``, in its order; empty where there are none."""
    return "".join(code for where, code in RUN.findall(document.read_text()) if where == place)


class Page(NamedTuple):
    """What an HTML page has: the anchors, what links and pictures point to, and the text."""

    anchors: set[str]
    links: list[str]
    text: str


def read_page(html: str) -> Page:
    """Take an HTML page apart."""
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
