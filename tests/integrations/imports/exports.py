"""WordPress exports for tests, built from the relevant parts; and endless ones, generated while they are read."""

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from service.integrations.imports.archive import ArchivedComment, ArchivedThread
from service.integrations.imports.wordpress import read_wordpress
from tests.samples import samples

# Each stands beside an expected.json, which says what two other methods counted in it.
EXPORTS = [path for expected in samples("wordpress/expected.json") for path in sorted(expected.parent.glob("*.xml"))]
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/" xmlns:media="http://search.yahoo.com/mrss/">'
    "<channel><wp:wxr_version>1.2</wp:wxr_version>"
)
TAIL = "</channel></rss>"


def a_comment(key: str = "1", **fields: str | None) -> str:
    """A ``wp:comment``; ``fields`` are named without ``comment_``, and left out where None."""
    given = {
        "id": key,
        "author": "Reader",
        "date_gmt": "2024-03-01 09:30:00",
        "content": f"Text {key}",
        "approved": "1",
        "type": "",
        "parent": "0",
        **fields,
    }
    inner = "".join(
        f"<wp:comment_{name}><![CDATA[{value}]]></wp:comment_{name}>"
        for name, value in given.items()
        if value is not None
    )
    return f"<wp:comment>{inner}</wp:comment>"


def an_item(
    *comments: str, title: str | None = "An article", link: str | None = "https://news.example/1", **fields: str | None
) -> str:
    """An ``item``; ``fields`` are WordPress' own; all are left out where None."""
    given: dict[str, str | None] = {"post_id": "1", "post_type": "post", "status": "publish", **fields}
    elements = {"title": title, "link": link, **{f"wp:{name}": value for name, value in given.items()}}
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in elements.items() if value is not None)
    return f"<item>{inner}{''.join(comments)}</item>"


def an_export(*items: str) -> BinaryIO:
    """A whole export of ``items``."""
    return io.BytesIO(f"{HEAD}{''.join(items)}{TAIL}".encode())


def the_thread(*comments: str, **fields: str | None) -> tuple[ArchivedThread, list[ArchivedComment]]:
    """The thread of an export of one item."""
    for thread in read_wordpress(an_export(an_item(*comments, **fields))):
        return thread, list(thread.comments)
    raise AssertionError("no thread came of it")


def a_big_export(*, articles: int, comments: int) -> BinaryIO:
    """An export generated while it is read, a kilobyte a comment; each second comment replies to an earlier one."""
    return a_stream(_parts_of_a_big_export(articles, comments))


def _parts_of_a_big_export(articles: int, comments: int) -> Iterator[str]:
    text = "word " * 200
    yield HEAD
    for article in range(articles):
        yield f"<item><wp:post_id>{article}</wp:post_id>"
        for number in range(1, comments + 1):
            yield a_comment(str(number), parent=str(number // 2 if number % 2 else 0), content=text)
        yield "</item>"
    yield TAIL


def a_stream(parts: Iterable[str]) -> BinaryIO:
    """A file of ``parts``, generated while it is read."""
    return io.BufferedReader(_Parts(parts))


class _Parts(io.RawIOBase):
    def __init__(self, parts: Iterable[str]) -> None:
        self._parts = iter(parts)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # typeshed wants any buffer; io gives this one
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._left = part.encode()
        taken = self._left[: len(buffer)]
        self._left = self._left[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
