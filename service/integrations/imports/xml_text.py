"""Decode a damaged XML file into clean text, in bounded memory; each repair is recorded with its line.

It reads gzip, UTF-8, UTF-16 and every encoding in Python that extends ASCII. A byte that is invalid in the encoding
is read as Windows-1252: it usually comes from text that was pasted in from an old page. Control characters, which
XML 1.0 (section 2.2) forbids and databases refuse, become spaces. Line ends become ``\\n`` (section 2.11).
"""

import codecs
import re
import zlib
from collections.abc import Iterator
from io import IncrementalNewlineDecoder
from typing import BinaryIO

from service.integrations.imports.archive import Issue, Issues

CHUNK = 64 * 1024

_GZIP = b"\x1f\x8b"
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
# Read the same in every encoding that extends ASCII, and differently in UTF-7, HZ or Python's own escapes.
_ASCII = rb"<a b='1'>&amp;\x3c+ADw-~{</a>"
# "surrogateescape" turns invalid bytes into U+DC80 to U+DCFF.
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\udc80-\udcff]")
_BAD_WIDE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ufffd]")


def read_text(source: BinaryIO, issues: Issues) -> Iterator[str]:
    """Yield the text of ``source`` in pieces of about ``CHUNK`` characters. At most ``CHUNK`` bytes are read ahead."""
    pieces = _read_bytes(source)
    head = next(pieces, b"")
    decoder, bad = _decoder_for(head, issues)
    newlines = IncrementalNewlineDecoder(decoder, translate=True)
    line = 1
    while head:
        text = newlines.decode(head)
        yield _clean(text, bad, line, issues)
        line += text.count("\n")
        head = next(pieces, b"")
    yield _clean(newlines.decode(b"", final=True), bad, line, issues)


def _read_bytes(source: BinaryIO) -> Iterator[bytes]:
    chunks = iter(lambda: source.read(CHUNK), b"")
    first = next(chunks, b"")
    if not first.startswith(_GZIP):
        yield first
        yield from chunks
        return
    inflate = zlib.decompressobj(wbits=31)
    while first:
        try:
            if piece := inflate.decompress(first, CHUNK):
                yield piece
        except zlib.error:  # damaged from here on: to the reader, the file ends early
            return
        first = inflate.unconsumed_tail
        if inflate.eof:  # gzip files may be concatenated (RFC 1952, section 2.2)
            first, inflate = inflate.unused_data, zlib.decompressobj(wbits=31)
        first = first or next(chunks, b"")


def _decoder_for(head: bytes, issues: Issues) -> tuple[codecs.IncrementalDecoder, re.Pattern[str]]:
    """Return the decoder for a file that begins with ``head``, and the pattern of bad characters in its output."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codecs.getincrementaldecoder("utf-16")("replace"), _BAD_WIDE
    zeros = [byte == 0 for byte in head[:4]]
    if zeros in ([True, False] * 2, [False, True] * 2):  # UTF-16 without a byte order mark
        return codecs.getincrementaldecoder("utf-16-be" if zeros[0] else "utf-16-le")("replace"), _BAD_WIDE
    encoding = "utf-8"
    if declared := _DECLARATION.search(head):
        encoding = declared[1].decode("ascii")
        if not _extends_ascii(encoding):
            issues.record(Issue.UNKNOWN_ENCODING, f"{encoding}, read as UTF-8")
            encoding = "utf-8"
    if codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8-sig"
    return codecs.getincrementaldecoder(encoding)("surrogateescape"), _BAD


def _extends_ascii(encoding: str) -> bool:
    try:
        return _ASCII.decode(encoding) == _ASCII.decode("ascii")
    except (LookupError, ValueError):  # unknown, not a text encoding, or not able to decode this
        return False


def _clean(text: str, bad: re.Pattern[str], line: int, issues: Issues) -> str:
    """Replace the bad characters of ``text``, which starts on ``line``."""

    def replacement(match: re.Match[str]) -> str:
        character = match[0]
        issue = Issue.CONTROL_CHARACTER if character < " " else Issue.INVALID_CHARACTER
        issues.record(issue, lambda: "line " + str(line + text.count("\n", 0, match.start())))
        if "\udc80" <= character <= "\udcff":
            return bytes([ord(character) - 0xDC00]).decode("windows-1252", "replace")
        return " " if character < " " else "\ufffd"

    return bad.sub(replacement, text)
