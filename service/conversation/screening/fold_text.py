"""Text as the eye takes it: two spellings that look alike fold to the same. Pure, and linear in time.

Lists of words and what is looked through for them are folded alike, so it does not matter that the folded text is no
longer anybody's language.
"""

import sys
import unicodedata

# Letters of other scripts that are drawn as Latin ones (Unicode Technical Standard 39, the commonest of its
# “confusables”), and the digits and signs that stand for letters where somebody hides a word.
_ALIKE = {
    "авекмнорстухіјѕһԁԛԝԍӏҽ": "abekmhopctyxijshdqwgle",
    "αβεηικνορτυχωϲϳγ": "abenikvoptuxwcjy",
    "ıɩɪȷɑɡʀѵʋ": "iiijagrvv",
    "01345789@$€": "oieastbgase",
    "ßþłøđħŧðæœ": "bplodhtoao",
}


def fold(text: str) -> str:
    """``text`` without case, accents and invisible characters, its look-alikes and wide forms made one."""
    if text.isascii():
        return text.lower().translate(_LOOK)
    # The marks go first: sorting them, as the decomposition does, takes time by the square of their number.
    bare = unicodedata.normalize("NFKD", text.translate(_UNSEEN))
    return bare.translate(_UNSEEN).casefold().translate(_LOOK)


def _unseen() -> dict[int, None]:
    """Accents and points, and what has no width; not the marks that are vowels and tones (Devanagari, Thai, kana)."""
    vowels = (range(0x0900, 0x1AB0), range(0x3099, 0x309B), range(0xA800, 0xAC00), range(0x10000, 0x1D000))
    kinds = {"Mn", "Me", "Cf"}
    points = (point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)) in kinds)
    return {point: None for point in points if not any(point in marks for marks in vowels)}


_UNSEEN = _unseen()
_LOOK = {ord(letter): latin for pair in _ALIKE.items() for letter, latin in zip(*pair, strict=True)}
