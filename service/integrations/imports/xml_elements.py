"""Stream XML from an untrusted file: each wanted element at its end tag, in bounded memory.

Document types are refused (defusedxml), and with them entities, external files and the known XML bombs. Deep
nesting and too many or too long tags and names are refused too, because they would grow with the file.

*Why* a parser target and not ``iterparse``: a tree holds the whole text of the current element, even if it is
cleared often, so a comment of one gigabyte needs one gigabyte. Here text beyond an element's limit is dropped as it
arrives.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Any, BinaryIO, NamedTuple, cast
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import XMLParserType

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from service.integrations.imports.archive import ArchiveUnreadable

CHUNK = 64 * 1024
MAX_TAG = 1024 * 1024
MAX_NAME = 300
MAX_NAMES = 10_000
MAX_DEPTH = 100

# Text pasted from word processors contains control characters. Exports keep them, but XML 1.0 (section 2.2) forbids
# them and databases refuse some. They carry no meaning and are hard to find in a large file, so they become spaces.
_CONTROLS = bytes.maketrans(bytes(c for c in range(32) if c not in b"\t\n\r"), b" " * 29)


class Element(NamedTuple):
    """A complete element: its path (``/rss/channel/title``), its text, whether it was cut, its last line."""

    path: str
    text: str
    truncated: bool
    line: int


def read_elements(source: BinaryIO, limits: Mapping[str, int], short_name: Callable[[str], str]) -> Iterator[Element]:
    """Yield the elements of ``source`` whose path is in ``limits``, in the order of their end tags.

    ``limits`` gives the characters of text to keep for each path, without nested tags; 0 keeps none. ``short_name``
    maps an element's full name (``{namespace}name`` or ``name``) to its name in a path; ``""`` means unwanted. At
    most ``CHUNK`` bytes are read ahead.

    Raises :class:`ArchiveUnreadable` if the file is not XML, ends early, has an unexpected root element or contains
    something refused. All elements before that point are yielded first.
    """
    target = _Target(limits, short_name)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    # Only expat knows its position. The attribute is public, but the type stubs describe the C parser, which lacks it.
    target.expat = cast("XMLParserType", cast("Any", parser).parser)
    fed = 0
    for chunk in _chunks(source):
        fed += len(chunk)
        refusal = _feed(parser, chunk, target.expat)
        # Expat buffers an incomplete tag and parses it again with each chunk.
        if refusal is None and chunk and fed - target.expat.CurrentByteIndex > MAX_TAG:
            refusal = ArchiveUnreadable("a tag is not closed.", line=target.expat.CurrentLineNumber)
        yield from target.complete
        target.complete.clear()
        if refusal is not None:
            raise refusal


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    """Yield the file in chunks without control characters; the last chunk is empty."""
    chunk = source.read(CHUNK)
    is_wide = b"\0" in chunk[:4]  # UTF-16, where half of the bytes look like control characters
    while chunk:
        yield chunk if is_wide else chunk.translate(_CONTROLS)
        chunk = source.read(CHUNK)
    yield b""


def _feed(parser: DefusedXMLParser, chunk: bytes, expat: XMLParserType) -> ArchiveUnreadable | None:
    """Parse ``chunk``, or finish if it is empty; return the error, if any."""
    try:
        if chunk:
            parser.feed(chunk)
        else:
            parser.close()
    except ArchiveUnreadable as refusal:
        return refusal
    except ParseError as error:
        message = str(error).partition(": line ")[0]
        reason = f"not well-formed XML ({message})." if chunk else f"the file ends too early ({message})."
        return ArchiveUnreadable(reason, line=error.position[0])
    except DefusedXmlException:
        return ArchiveUnreadable(
            "a document type (DTD) is refused; exports do not need one.", line=expat.CurrentLineNumber
        )
    except (LookupError, ValueError) as error:  # from Python's codecs: an unknown or multi-byte encoding
        return ArchiveUnreadable(f"the encoding can't be read ({error}).", line=expat.CurrentLineNumber)
    return None


def _prefixes(path: str) -> Iterator[str]:
    """Yield ``/rss``, then ``/rss/channel``, down to ``path`` itself."""
    return accumulate(path.split("/")[1:], "{}/{}".format, initial="")


class _Target:
    """Receives expat's events and keeps the complete wanted elements."""

    expat: XMLParserType

    def __init__(self, limits: Mapping[str, int], short_name: Callable[[str], str]) -> None:
        self.complete: list[Element] = []
        self._limits = limits
        self._short_name = short_name
        self._wanted_paths = {prefix for path in limits for prefix in _prefixes(path)}
        self._names: dict[str, str] = {}
        self._paths: list[str | None] = []
        self._collecting: str | None = None
        self._text: list[str] = []
        self._length = 0

    def start_ns(self, prefix: str, uri: str) -> None:
        self._short_name_of(prefix)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        for name in attributes:
            self._short_name_of(name)
        path = self._path_of(self._short_name_of(tag))
        self._paths.append(path)
        if path is not None and self._limits.get(path):
            self._collecting = path

    def data(self, text: str) -> None:
        if self._collecting is not None:
            if self._length < self._limits[self._collecting]:
                self._text.append(text)
            self._length += len(text)

    def end(self, tag: str) -> None:
        path = self._paths.pop()
        if path is None or path not in self._limits:
            return
        limit = self._limits[path]
        text = "".join(self._text)[:limit]
        self.complete.append(Element(path, text, self._length > limit, self.expat.CurrentLineNumber))
        self._collecting, self._text, self._length = None, [], 0

    def close(self) -> None:
        """Do nothing: an element without an end tag is incomplete."""

    def _path_of(self, name: str) -> str | None:
        """Return the path of an element that starts here; None outside all wanted paths."""
        if not self._paths:
            if f"/{name}" not in self._wanted_paths:
                raise self._refusal(f"the outermost element is <{name}>, of another format.")
            return f"/{name}"
        if len(self._paths) >= MAX_DEPTH:
            raise self._refusal(f"elements are nested more than {MAX_DEPTH} deep.")
        outer = self._paths[-1]
        path = None if outer is None else f"{outer}/{name}"
        return path if path in self._wanted_paths else None

    def _short_name_of(self, name: str) -> str:
        """Shorten ``name``. Expat keeps every name it has seen, so their number is limited."""
        short = self._names.get(name)
        if short is None:
            if len(name) > MAX_NAME or len(self._names) >= MAX_NAMES:
                raise self._refusal("more or longer names than any export has.")
            short = self._names[name] = self._short_name(name)
        return short

    def _refusal(self, reason: str) -> ArchiveUnreadable:
        return ArchiveUnreadable(reason, line=self.expat.CurrentLineNumber)
