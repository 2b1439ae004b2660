"""Text fields of requests: cleaned and checked, with errors that point to the field.

Composing (NFC) can lengthen a text beyond the limit that the client checked, so the length is checked again here.
"""

import re

from service.platform.problems import InvalidField, Translated
from service.platform.text.plain_text import clean_line, clean_text, is_blank
from service.platform.text.web_urls import canonical_url, with_canonical_origin

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")

BARE_DOMAIN = re.compile(r"[^\s/?#:@.]+(?:\.[^\s/?#:@.]+)+(?::\d+)?(?:[/?#]|$)")


def read_line(typed: str, *, pointer: str, max_length: int) -> str:
    """Clean ``typed`` into one line of at most ``max_length`` characters; raises :class:`InvalidField`."""
    line = _not_blank(clean_line(typed), pointer)
    if len(line) > max_length:
        raise InvalidField(Translated("max-length", {"max_length": max_length}), pointer=pointer)
    return line


def read_text(typed: str, *, pointer: str) -> str:
    """Clean ``typed`` and keep its lines; raises :class:`InvalidField`."""
    return _not_blank(clean_text(typed), pointer)


def read_web_url(typed: str, *, pointer: str) -> str:
    """Check that ``typed`` is a web URL and return it with its canonical origin; raises :class:`InvalidField`."""
    url = with_canonical_origin(typed)
    if url is None:
        raise InvalidField(Translated("web-url"), pointer=pointer)
    return url


def complete_web_url(typed: str) -> str:
    """Return ``typed`` with ``https://`` before it if it begins with a domain, as people write their website."""
    return f"https://{typed}" if BARE_DOMAIN.match(typed) else typed


def read_canonical_url(typed: str, *, pointer: str) -> str:
    """Check that ``typed`` is a web URL and return its canonical form; raises :class:`InvalidField`."""
    canonical = canonical_url(read_web_url(typed, pointer=pointer))
    if canonical is None:
        raise InvalidField(Translated("web-url"), pointer=pointer)
    return canonical


def is_email(text: str) -> bool:
    """Whether ``text`` looks like an e-mail address. The caller limits its length."""
    return text.isprintable() and EMAIL.fullmatch(text) is not None


def _not_blank(text: str, pointer: str) -> str:
    if is_blank(text):
        raise InvalidField(Translated("blank"), pointer=pointer)
    return text
