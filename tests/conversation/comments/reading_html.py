"""Read HTML as a browser does: the visible text of a rendered comment, and whether it is safe."""

from collections.abc import Iterator
from html.parser import HTMLParser

ALLOWED = {
    "a": {"href", "rel", "title"},
    "ol": {"start"},
    **dict.fromkeys(("blockquote", "br", "code", "del", "em", "li", "p", "pre", "strong", "ul"), frozenset[str]()),
    **dict.fromkeys(("b", "i", "q", "s", "strike"), frozenset[str]()),
}
REL = "nofollow ugc noopener"

Attributes = list[tuple[str, str | None]]


class Reading(HTMLParser):
    """Parse HTML into text, links and tokens; fails on markup that a comment must not have."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.titles: list[str] = []
        self.depth = 0
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open} in {html!r}"

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        assert tag in ALLOWED, f"<{tag}>"
        given = dict(attrs)
        assert given.keys() <= ALLOWED[tag], f"<{tag}> with {given}"
        assert len(given) == len(attrs)
        if tag == "a":
            self._follow(given)
        if tag != "br":
            self._open.append(tag)
            self.depth = max(self.depth, len(self._open))

    def _follow(self, given: dict[str, str | None]) -> None:
        assert "a" not in self._open, "a link in a link"
        assert ("href" in given) == ("rel" in given)
        self.titles.append(given.get("title") or "")
        href = given.get("href")
        if href is not None:
            assert href.lower().startswith(("http://", "https://")), href
            assert given["rel"] == REL
            self.links.append(href)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"<![{data}]>")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"<?{data}>")


class Tokens(HTMLParser):
    """Parse any HTML for comparison: tags with main attributes, text with collapsed white space, no line breaks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self._in_code = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if tag != "br":
            kept = sorted((name, value) for name, value in attrs if name not in {"rel", "class"})
            self.links += [value or "" for name, value in kept if name == "href"]
            self.tags.add(tag)
            self._in_code += tag == "pre"
            self.found.append(f"<{tag} {kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag != "br":
            self._in_code -= tag == "pre"
            self.found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.found += [data] if self._in_code else data.split()

    def handle_comment(self, data: str) -> None:
        self.tags.add("!--")

    def handle_decl(self, decl: str) -> None:
        self.tags.add("!")

    def unknown_decl(self, data: str) -> None:
        self.tags.add("![")

    def handle_pi(self, data: str) -> None:
        self.tags.add("?")


def letters(text: str) -> Iterator[str]:
    """Yield the ASCII letters of ``text``."""
    return (character for character in text if character.isascii() and character.isalpha())
