"""Decide where a bare link begins and ends, in any script.

GitHub's autolinks end at ASCII white space and ASCII punctuation only: ``「https://example.com/a」`` becomes a link to
another page, and three links between ideographic commas become one. Marks in the source, which the parser reads as
punctuation, end links correctly. Pages, rules and counts all read the rendered links, so they agree.

A link ends at white space, invisible characters, quotes, brackets and punctuation of any script, also if they are
written as references (``&nbsp;``), and between ASCII punctuation and the next ``https://``. Letters and combining marks
belong to it (RFC 3987), and so do signs within words, such as ``·`` and ``’``, if letters surround them. Symbols and
emoji belong to it unless they are its end.
"""

import re
from collections.abc import Iterable
from html.entities import html5
from itertools import groupby
from unicodedata import category

# No text contains these noncharacters (``plain_text.py``).
END = "<\ufdd1"
_BEGIN, _CLOSE = "\ufdd2(", "\ufdd2)"
_MARKS = ("&lt;\ufdd1", "%3C%EF%B7%91", *(f"{mark}{bracket}" for mark in ("\ufdd2", "%EF%B7%92") for bracket in "()"))


def mark_autolinks(source: str) -> str:
    """Mark where bare links of the Markdown ``source`` end, and begin after punctuation; linear in its length.

    Links in angle brackets and the targets of ``[text](target)`` keep their meaning.
    """
    if source.isascii() and "&" not in source and source.count("://") < 2:
        return source
    parts: list[str] = []
    end = 0
    for start in _START.finditer(source):
        if start.start() < end or start["angle"]:
            continue
        parts.append(source[end : start.start()])
        end = _end_of_link(source, start)
        parts.append(_marked(source[start.start() : end], start, following=source[end : end + 1]))
    return "".join([*parts, source[end:]])


def remove_marks(html: str) -> str:
    """Remove the marks from the parser's ``html``."""
    if "\ufdd1" in html or "%EF%B7%91" in html:
        for mark in _MARKS:
            html = html.replace(mark, "")
    return html


def _end_of_link(source: str, start: re.Match[str]) -> int:
    if host := _GLUED_HOST.match(source, start.start()):
        return host.end()
    rest = _REST.match(source, start.end())
    end = rest.end() if rest else start.end()
    if symbols := _SYMBOLS_REVERSED.match(source[start.end() : end][::-1]):
        end -= symbols.end()
    while source[end - 1] == "\\":  # it would escape the mark
        end -= 1
    return end


def _marked(link: str, start: re.Match[str], *, following: str) -> str:
    if start["glued"]:  # the parser wants a bracket or white space before www
        return f"{_BEGIN}{link}{END}{_CLOSE}"
    return link if following in _ENDS_FOR_PARSER else f"{link}{END}"


def _ranges(points: Iterable[int]) -> str:
    """Format sorted code points as the inside of a character class."""
    runs = groupby(enumerate(points), key=lambda numbered: numbered[1] - numbered[0])
    spans = ([point for _, point in run] for _, run in runs)
    return "".join(f"{chr(span[0])}-{chr(span[-1])}" for span in spans)


# Signs within words: Catalan, Japanese, Korean and Hebrew ones, apostrophes, hyphens and en dashes (in the URLs of
# Wikipedia), joiners (Persian, Indic scripts), the mark between Tibetan syllables.
_WITHIN_WORDS = "·‧・ㆍ’׳״־\u2010-\u2013\u200c\u200d་"
_LETTER_LIKE = "ฯ॰"  # signs of abbreviation, which end words
_BRACKET_LIKE = "´｀❛-❞＜＞｜～≪≫￼"
_ENDING = {"Zs", "Zl", "Zp", "Cc", "Cf", "Ps", "Pe", "Pi", "Pf", "Po", "Pd", "Pc"}
_ELSEWHERE = re.compile(f"[{_WITHIN_WORDS}{_LETTER_LIKE}]")


def _ends(start: int, stop: int) -> str:
    """Return the characters between two code points that end a link, as the inside of a character class."""
    points = (point for point in range(start, stop) if category(chr(point)) in _ENDING)
    return _ranges(point for point in points if not _ELSEWHERE.match(chr(point)))


# Astral characters have their own class: in one class with the others, each letter would be tested against all ranges.
_ASTRAL = "\U00010000-\U0010ffff"
_LOW_ENDS = _BRACKET_LIKE + _ends(0x80, 0x10000)
_ASTRAL_ENDS = _ends(0x10000, 0x20000) + _ends(0xE0000, 0xE0080)
# Letters of other scripts than Latin, some of which have no spaces between words.
_NOT_LATIN = "\u0370-\u1dff\u2c00-\U0010ffff"
_AFTER_WORD = f"(?<=[{_WITHIN_WORDS}{_LOW_ENDS}{_NOT_LATIN}])"
_LETTER = rf"[^\x00-/:-@\[-^`{{-\x7f{_WITHIN_WORDS}{_LOW_ENDS}]"
_ENDS_FOR_PARSER = {"", " ", "\t", "\n", "<"}

_HTTP = r"[Hh][Tt][Tt][Pp][Ss]?://"
_WWW = r"[Ww]{3}\."
_START = re.compile(rf"(?P<angle><{_HTTP}[^\s<>]*+>)|{_HTTP}|(?P<glued>{_AFTER_WORD}{_WWW})|(?<![^\s*_~(]){_WWW}")
# References to characters that end links, and any by number.
_REFERENCES = "|".join(
    name.removesuffix(";")
    for name, text in html5.items()
    if name.endswith(";") and re.match(rf"[\s\"'<>{_WITHIN_WORDS}{_LOW_ENDS}]", text)
)
_REFERENCE = rf"&(?:{_REFERENCES}|#\d{{1,7}}|#[xX][\da-fA-F]{{1,6}});"
_BETWEEN = re.escape("""!"'(),.;>[\\]{|}""")
# Punctuation, or a word of another script, right before http is not part of the link before it.
_REST = re.compile(
    rf"(?:[#-%*+\-/\d:=?@A-Z^-z~]++|[{_BETWEEN}]++(?!{_HTTP})|(?!{_REFERENCE})&"
    rf"|[^\s\x00-\x7f{_ASTRAL}{_WITHIN_WORDS}{_LOW_ENDS}]++(?!{_HTTP})"
    rf"|(?![{_ASTRAL_ENDS}])[{_ASTRAL}](?!{_HTTP})|(?<={_LETTER})[{_WITHIN_WORDS}](?={_LETTER})(?!{_HTTP}))++"
)
# No top-level domain has letters of ASCII and then of another script: those begin the next word.
_GLUED_HOST = re.compile(
    rf"(?:{_HTTP}|{_WWW})(?:[A-Za-z\d-]++\.)++[A-Za-z]{{2,63}}+(?::\d++)?+"
    rf"(?=[{_NOT_LATIN}])(?=[^\s./?#:{_LOW_ENDS}]*+(?:[^.]|$))"
)
# The symbols and emoji at the end of a link, with the punctuation around them, from right to left.
_SYMBOLS = _ranges(point for point in range(0x80, 0x10000) if category(chr(point))[0] == "S")
_EMOJI = "\U0001f000-\U0001faff"
_SYMBOLS_REVERSED = re.compile(rf"(?:[?!.,:;*_~'\")\\]*+[\u200d\ufe0e\ufe0f]*+(?:[{_SYMBOLS}]|[{_EMOJI}]))++")
