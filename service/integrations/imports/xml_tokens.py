"""Split the text of a damaged XML file into tags and text, in bounded memory; each repair is recorded with its line.

Where a strict parser stops, this one reads on: a ``<`` or ``&`` that begins no markup is text, HTML's entities are
known, and references to forbidden characters are replaced. Markup that does not end soon is text, so that it can't
swallow the rest of the file. Nothing in a CDATA section is markup, so readers' text can never become a tag.

Nothing can be declared: a document type (DTD) is refused, because exports have none and XML bombs need one.
"""

import re
from collections.abc import Iterable, Iterator
from html.entities import html5
from typing import Literal, NamedTuple

from service.integrations.imports.archive import ArchiveUnreadable, Issue, Issues

MAX_MARKUP = 64 * 1024  # characters in a tag, a comment or a processing instruction
MAX_REFERENCE = 40

_NAME = r"[^\W\d][\w:.\-\x80-\U0010FFFF]*+"
_TAG = re.compile(rf"<(/?)({_NAME})(?=\s|/?>)((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>")
_TAG_WITH_STRAY_QUOTE = re.compile(rf"<(/?)({_NAME})(?=\s|/?>)([^<>]*+)>")
_TAG_START = re.compile(rf"</?{_NAME}(?:\s|/?\Z)")
# XML forbids "--" in a comment, so an end that was damaged can be recognised.
_SKIPPED = re.compile(r"<!--.*?--.?>|<\?.*?\?>|<!DOCTYPE\s+html\b[^<>]*>", re.DOTALL | re.IGNORECASE)
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_LONGEST_OPENING = 20  # enough to tell the kinds of markup apart
_REFERENCE = re.compile(r"&(?:#(?:([0-9]{1,8})|[xX]([0-9a-fA-F]{1,8}))|([A-Za-z][A-Za-z0-9]{1,31}));|&|]]>")
_XML_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Token(NamedTuple):
    """A tag (``value`` is its name), a piece of text, or the XML declaration; ``line`` is where it ends."""

    kind: Literal["start", "end", "text", "declaration"]
    value: str
    line: int
    attributes: str = ""  # of a start tag; ends in "/" if the element is empty


def read_tokens(pieces: Iterable[str], issues: Issues) -> Iterator[Token]:
    """Yield the tokens of the text in ``pieces``; raises :class:`ArchiveUnreadable` if it has a document type."""
    tokenizer = _Tokenizer(issues)
    for piece in pieces:
        yield from tokenizer.feed(piece)
    yield from tokenizer.feed("", final=True)


class _Tokenizer:
    """Holds the text from ``_position`` on, which is in ``_line``, until it is complete."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._text = ""
        self._position = 0
        self._line = 1
        self._final = False
        self._in_cdata = False
        self._in_document = False
        self._unclosed: set[str] = set()  # openings without an end in ``_text``, which is searched only once

    def feed(self, piece: str, *, final: bool = False) -> Iterator[Token]:
        text = self._text = self._text[self._position :] + piece
        self._position, self._final = 0, final
        self._unclosed.clear()
        while (start := self._position) < len(text):
            if self._in_cdata:
                yield from self._read_cdata()
            elif text[start] == "<":
                yield from self._read_markup()
            else:
                yield from self._read_characters()
            if self._position == start:
                return  # incomplete

    def _read_cdata(self) -> Iterator[Token]:
        end = self._text.find(_CDATA_END, self._position)
        stop = end if end >= 0 else len(self._text) - (0 if self._final else len(_CDATA_END) - 1)
        if stop > self._position:
            yield self._token("text", self._text[self._position : stop], stop)
        if end >= 0:
            self._advance(end + len(_CDATA_END))
            self._in_cdata = False

    def _read_characters(self) -> Iterator[Token]:
        end = self._text.find("<", self._position)
        if end < 0:
            end = len(self._text)
            reference = self._text.rfind("&", max(self._position, end - MAX_REFERENCE))
            if reference >= 0 and not self._final and self._text.find(";", reference) < 0:
                end = reference
        if end > self._position:
            value = _REFERENCE.sub(self._decode_reference, self._text[self._position : end])
            yield self._token("text", value, end)

    def _read_markup(self) -> Iterator[Token]:
        text, start = self._text, self._position
        if text.startswith(_CDATA, start):
            self._advance(start + len(_CDATA))
            self._in_cdata = True
        elif match := _TAG.match(text, start):
            yield self._tag(match)
        elif match := self._skipped(start):
            kind: Literal["text", "declaration"] = "declaration" if match[0].startswith("<?xml") else "text"
            yield self._token(kind, "", match.end())
        elif not self._in_document and text.startswith("<!DOCTYPE", start):
            raise ArchiveUnreadable("a document type (DTD) is refused; exports do not need one.", line=self._line)
        elif self._is_incomplete(start):
            return
        elif match := _TAG_WITH_STRAY_QUOTE.match(text, start):
            self._issues.record(Issue.UNESCAPED, f"line {self._line}")
            yield self._tag(match)
        else:
            self._issues.record(Issue.UNESCAPED, f"line {self._line}")
            yield self._token("text", "<", start + 1)

    def _skipped(self, start: int) -> re.Match[str] | None:
        """Match a comment or a processing instruction."""
        opening = self._text[start : start + 2]
        if opening in self._unclosed:
            return None
        match = _SKIPPED.match(self._text, start)
        if match is None and self._text.startswith(("<!--", "<?"), start):
            self._unclosed.add(opening)
        return match

    def _is_incomplete(self, start: int) -> bool:
        length = len(self._text) - start
        if self._final or length >= MAX_MARKUP:
            return False
        if length < _LONGEST_OPENING or self._text.startswith(("<!--", "<?"), start):
            return True
        return self._text.find("<", start + 1) < 0 and _TAG_START.match(self._text, start) is not None

    def _tag(self, match: re.Match[str]) -> Token:
        self._in_document = True
        return self._token("end" if match[1] else "start", match[2], match.end(), match[3])

    def _decode_reference(self, match: re.Match[str]) -> str:
        decimal, hexadecimal, name = match.groups()
        if name in _XML_ENTITIES:
            return _XML_ENTITIES[name]
        if decimal or hexadecimal:
            code = int(decimal) if decimal else int(hexadecimal, 16)
            if code < 32 and code not in (9, 10, 13):
                issue, character = Issue.CONTROL_CHARACTER, " "
            elif 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF) or code > 0x10FFFF:
                issue, character = Issue.INVALID_CHARACTER, "\N{REPLACEMENT CHARACTER}"
            else:
                return chr(code)
        elif name and f"{name};" in html5:
            issue, character = Issue.HTML_ENTITY, html5[f"{name};"]
        else:
            issue, character = Issue.UNESCAPED, match[0]
        line = self._line
        self._issues.record(issue, lambda: "line " + str(line + match.string.count("\n", 0, match.start())))
        return character

    def _token(
        self, kind: Literal["start", "end", "text", "declaration"], value: str, end: int, attributes: str = ""
    ) -> Token:
        self._advance(end)
        return Token(kind, value, self._line, attributes)

    def _advance(self, end: int) -> None:
        self._line += self._text.count("\n", self._position, end)
        self._position = end
