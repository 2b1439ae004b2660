"""Text fields as clients fill them: cleaned, and refused by name where nothing readable, or too much, is left.

What a client counts as 100 characters can be more once it is composed (NFC), so lines are measured again here.
"""

import re
from datetime import UTC, datetime

from service.web.decoding import Body
from service.web.links import is_web_url
from service.web.problems import InvalidField, Said
from service.web.text import clean_line, clean_text, is_blank

EARLIEST, LATEST = 1900, 2999
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


def read_line(typed: str, *, pointer: str, longest: int) -> str:
    """``typed`` on one line, at most ``longest`` characters; raises :class:`InvalidField`."""
    line = _readable(clean_line(typed), pointer)
    if len(line) > longest:
        raise InvalidField(Said("longest", {"longest": longest}), pointer=pointer)
    return line


def read_text(typed: str, *, pointer: str) -> str:
    """``typed`` with its lines; raises :class:`InvalidField`."""
    return _readable(clean_text(typed), pointer)


def read_web_url(typed: str, *, pointer: str) -> str:
    """``typed``, an absolute http or https URL; raises :class:`InvalidField`."""
    if not is_web_url(typed):
        raise InvalidField(Said("web-url"), pointer=pointer)
    return typed


def is_email(text: str) -> bool:
    """Whether ``text`` looks like an e-mail address; how long it is is for whoever asks."""
    return text.isprintable() and EMAIL.fullmatch(text) is not None


def _readable(text: str, pointer: str) -> str:
    if is_blank(text):
        raise InvalidField(Said("blank"), pointer=pointer)
    return text


class Timed(Body):
    """The base of structs with instants: they are taken in UTC, between the years 1900 and 2999.

    So every one of them can be kept by either database and counted on from.
    """

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, datetime):
                setattr(self, name, _in_utc(value, name))


def _in_utc(instant: datetime, field: str) -> datetime:
    try:
        in_utc = instant.astimezone(UTC)
    except OverflowError:
        in_utc = None
    if in_utc is None or not EARLIEST <= in_utc.year <= LATEST:
        raise ValueError(f"Expected an instant between the years {EARLIEST} and {LATEST} as field `{field}`")
    return in_utc
