"""Cells of CSV files that people open in a spreadsheet. Pure."""


def plain_cell(text: str | None) -> str | None:
    """Return ``text`` so that a spreadsheet does not compute it (OWASP, CSV injection)."""
    return f"'{text}" if text and text.lstrip()[:1] in {"=", "+", "-", "@"} else text
