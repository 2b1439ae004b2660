"""Quotation marks within quotation marks: “A word on ‘politics’”. Pure.

The marks are in the catalogues, because Babel has none: ``outer`` are those around a title in a heading, ``inner`` the
alternate ones (CLDR: ``alternateQuotationStart`` and ``alternateQuotationEnd``).
"""

import re

from service.platform.languages.messages import catalogue

_APOSTROPHE = re.compile(r"(?<=\w)’(?=\w)")


def nest_quotations(text: str, name: str) -> str:
    """Return ``text`` as it stands in the outer quotation marks of the catalogue ``name``.

    Pairs of outer marks become inner ones, and outer ones again within these. A text with unpaired marks is returned
    unchanged. An apostrophe in a word is no mark.
    """
    pairs = catalogue(name)["quotation"]
    opening, closing = tuple(pairs["outer"])
    if opening not in text:
        return text
    inner = pairs["inner"]
    apostrophes = {match.start() for match in _APOSTROPHE.finditer(text)}
    nested, depth = list(text), 0
    for place, mark in enumerate(text):
        if mark == opening:
            depth += 1
            nested[place] = inner[0] if depth % 2 else mark
        elif mark == closing and place not in apostrophes:
            nested[place] = inner[1] if depth % 2 else mark
            depth -= 1
            if depth < 0:
                return text
    return text if depth else "".join(nested)
