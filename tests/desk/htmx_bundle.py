"""Bundle htmx, which the desk's pages load: ``make desk-bundle`` installs the pinned version and writes one file.

The file is the minified script from npm, byte for byte, compressed, so that an installation needs no Node.js.
"""

import gzip
from pathlib import Path

from tests.installing import ROOT, node_modules

PACKAGE = Path(__file__).parent / "htmx"
BUNDLE = ROOT / "service/desk/static/htmx.js.gz"


def renew() -> None:
    """Write the bundle."""
    content = (node_modules(PACKAGE) / "htmx.org/dist/htmx.min.js").read_bytes()
    BUNDLE.write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    renew()
