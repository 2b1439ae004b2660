"""Clean text from clients, so that every store, feed and page can hold it and readers see all of it.

Cleaning takes linear time and is idempotent. Words and typography stay as typed; invisible characters and those that
garble the text after them are removed.
"""

import re
from collections.abc import Iterable
from itertools import groupby
from unicodedata import category, normalize

# The largest stack in real use, the Kalachakra seal in Tibetan, has eight marks on its letter; Hebrew with vowels and
# cantillation has six. Larger stacks only overprint the lines around them.
MAX_MARKS = 8


def clean_line(text: str) -> str:
    """Clean ``text`` into one line: a name, a title, a reason.

    The result is in NFC, without control, bidi control and stray zero-width characters; white space is collapsed and
    stripped. Joiners stay where they have a function (Persian, Indic scripts, emoji families), and so do single
    no-break and ideographic spaces.
    """
    text = _normalized(text)
    if not text.isascii():
        text = _without_strays(text)
    return _SPACES.sub(" ", text).strip(_ENDS)


def clean_text(text: str) -> str:
    r"""Clean ``text`` of several lines: a comment's body.

    The result is in NFC and its lines end in ``\n``. Other control characters except tabs, leading blank lines and
    trailing white space are removed. Invisible characters that are harmless in running text stay.
    """
    text = _LINE_ENDS.sub("\n", _normalized(text))
    return _BLANK_LINES.sub("", text).rstrip()


def is_blank(text: str) -> bool:
    """Whether ``text`` has no visible character, only white space, zero-width characters, fillers and blanks."""
    return _VISIBLE.search(text) is None


def without_bidi_controls(text: str) -> str:
    """Remove embeddings, overrides and isolates: unclosed, they reverse the text that follows.

    The page sets the direction of a text (``dir="auto"``). The marks LRM, RLM and ALM are harmless and stay.
    """
    return _BIDI_CONTROLS.sub("", text)


def _normalized(text: str) -> str:
    """Convert to NFC; remove hidden text, stacks of marks, and anything UTF-8, PostgreSQL or XML can't hold."""
    text = _CONTROLS.sub("", text)
    if text.isascii():
        return text
    if _HIGH.search(text):
        text = _UNENCODABLE.sub("\N{REPLACEMENT CHARACTER}", text)
        text = _TAGS.sub(r"\1", text)
    return _composed(text)


def _composed(text: str) -> str:
    # NFC sorts a letter's marks in quadratic time, so stacks are cut first. NFC also decomposes some marks, so they are
    # cut again if it changed the text.
    text = _limit_stacks(text)
    composed = normalize("NFC", text)
    return text if composed == text else _limit_stacks(composed)


def _limit_stacks(text: str) -> str:
    return _STACKS.sub(r"\1", text) if _MAYBE_STACK.search(text) else text


def _without_strays(text: str) -> str:
    """Remove characters that have neither width nor meaning in their place.

    Takes three passes, so that a stray character never decides whether another one stays.
    """
    text = _STRAY_SELECTORS.sub("", _STRAYS.sub("", text))
    text = _JOINERS.sub(_keep_or_drop_joiner, text)
    return _composed(_FILLERS.sub(" ", text))


def _keep_or_drop_joiner(joiner: re.Match[str]) -> str:
    """Keep a joiner depending on the letter before it, not the marks between: composing reorders those."""
    text, base = joiner.string, joiner.start() - 1
    while base >= 0 and category(text[base]) in {"Mn", "Mc", "Me"} and text[base] not in _JOINER_CHARACTERS:
        base -= 1
    if base < 0:
        return ""
    joins_emoji = joiner[0] == "\u200d" and _EMOJI.match(text, base) and _EMOJI.match(text, joiner.end())
    return joiner[0] if joins_emoji or _JOINING.match(text, base) else ""


def _ranges(code_points: Iterable[int]) -> str:
    """Format sorted ``code_points`` as the inside of a character class."""
    runs = groupby(enumerate(code_points), key=lambda numbered: numbered[1] - numbered[0])
    spans = ([point for _, point in run] for _, run in runs)
    return "".join(f"{chr(span[0])}-{chr(span[-1])}" for span in spans)


def _marks(start: int, stop: int) -> str:
    return _ranges(point for point in range(start, stop) if category(chr(point)) in {"Mn", "Me"})


_LINE_ENDS = re.compile("\r\n|[\x0b\x0c\r\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")

# Lone surrogates can't be encoded; noncharacters are invalid in XML and so in feeds. Few texts have such high code
# points.
_HIGH = re.compile("[\ud800-\U0010ffff]")
_PLANE_ENDS = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
_UNENCODABLE = re.compile(f"[\ud800-\udfff\ufdd0-\ufdef{_PLANE_ENDS}]")

# After a black flag, tag characters spell the flag's region (England, Wales). Anywhere else they hide text.
_TAGS = re.compile("(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f)|[\U000e0000-\U000e007f]+")

# Zero-width characters count as marks; otherwise they would split a stack into allowed parts. Astral marks have their
# own class behind a check of their plane: in one class with the others, each letter would be tested against all ranges.
_ZERO_WIDTH = "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_LOW_MARKS = _marks(0x300, 0x10000) + _ZERO_WIDTH
_ASTRAL_MARKS = _marks(0x10000, 0x20000) + "\U000e0100-\U000e01ef"
_MARK = f"(?:[{_LOW_MARKS}]|(?=[\U00010000-\U0010ffff])[{_ASTRAL_MARKS}])"
_STACKS = re.compile(f"({_MARK}{{{MAX_MARKS}}}){_MARK}+")
_MAYBE_STACK = re.compile(f"[{_LOW_MARKS}\U00010000-\U0010ffff]{{{MAX_MARKS + 1}}}")

_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_STRAYS = re.compile("[\xad\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a]")
_FILLERS = re.compile("[\u3164\uffa0]")

# A variation selector has a meaning only after a symbol, an ideograph, or a letter of the few scripts that define them.
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SYMBOLS = "©®‼⁉\u2100-\u27bf\u2900-\u2bff〰〽㊗㊙\U0001f000-\U0001faff"
_VARIED = f"0-9#*{_SYMBOLS}\u1000-\u109f、。\u3400-\u9fff\ua840-\ua87f\uf900-\ufaff！，．：；？\U00020000-\U0003ffff"
_STRAY_SELECTORS = re.compile(f"[{_SELECTORS}](?<![{_VARIED}][{_SELECTORS}])")

# Joiners have a meaning after a letter of Hebrew, Arabic, an Indic or another joining script; U+200D also between two
# emoji.
_JOINER_CHARACTERS = "\u034f\u180e\u200c\u200d"
_JOINERS = re.compile(f"[{_JOINER_CHARACTERS}]")
_EMOJI = re.compile(f"[{_SYMBOLS}]")
_JOINING = re.compile(
    "[\u0590-\u061b\u0620-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u180d\u180f-\u18af\u1900-\u1cff\ua800-\ua8ff\ua980-\uabff"
    "\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
)

# White space becomes one space, except a single no-break or ideographic space, which is typography.
_SPACES = re.compile(r"\s{2,}|[^\S \xa0\u202f\u3000]")
_ENDS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + f"{_JOINER_CHARACTERS}\u061c\u200e\u200f\u2800"

_VISIBLE = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
