"""Sections: the labels that the host gives its articles, such as ``politics``; the service keeps no list of them."""

from typing import Annotated

import msgspec
from msgspec import Meta

MAX_SECTIONS = 200  # that have settings of their own
MAX_SECTION = 200  # characters; a WordPress category's slug has at most as many
SectionName = Annotated[str, Meta(min_length=1, max_length=MAX_SECTION, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)")]
Sections = tuple[str, ...] | None  # a filter; None matches every thread, also those without a section


def decode_sections(stored: str | None) -> Sections:
    """Decode a stored JSON list of labels; None stays None."""
    return None if stored is None else msgspec.json.decode(stored, type=tuple[str, ...])
