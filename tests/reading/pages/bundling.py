"""Bundle the embed's modules into the one script that host pages load; ``make embed`` runs it.

*Why one script*: fifteen modules load one after another, and compressed separately they are twice as large.
*Why it is committed*: an installation needs no Node.js.
*Why two tools*: esbuild resolves the modules; what Terser then makes of them is 2 % smaller when compressed.
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
    compress = "passes=3,ecma=2022,unsafe_arrows=true,pure_getters=true"
    run([*node_tool("terser"), script, "--module", "--mangle", "--compress", compress, "--output", script])


if __name__ == "__main__":
    bundle(SCRIPT)
