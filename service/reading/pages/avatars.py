"""Authors' initials: a letter on a coloured circle beside the name. Decoration: the name says all that it says."""

from zlib import crc32

TONES = 8  # thread.css has a colour for each


def initial_of(name: str) -> str:
    """Return the first letter or digit of ``name`` as a capital, else its first character."""
    first = next((character for character in name if character.isalnum()), name[:1])
    return first.upper()[:1]


def tone_of(name: str) -> int:
    """Return the number of the circle's colour: the same for the same name, in any spelling with capitals."""
    return crc32(name.casefold().encode()) % TONES
