"""Files other than Python: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def shipped(name: str) -> Path:
    """The folder called ``name``, such as ``migrations``."""
    inside = PACKAGE / "shipped_files" / name
    return inside if inside.exists() else PACKAGE.parent / name
