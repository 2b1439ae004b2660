"""Bundle the embed's modules into the one script that host pages load; ``make embed`` runs it.

*Why one script*: fifteen modules load one after another, and compressed separately they are twice as large.
*Why it is committed*: an installation needs no Node.js.
"""

from pathlib import Path

from tests.contract.tools import node_tool
from tests.installing import ROOT, run

MODULES = ROOT / "service/reading/pages/embed"
SCRIPT = ROOT / "service/reading/pages/static/embed.js"


def bundle(script: Path) -> None:
    """Write the bundle as ``script``."""
    options = ("--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning")
    run([*node_tool("esbuild"), MODULES / "embed.js", *options, f"--outfile={script}"])


if __name__ == "__main__":
    bundle(SCRIPT)
