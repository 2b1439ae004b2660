"""The embed's modules as the one script that a host's page loads; run as a module, it is written anew.

Why one: a page that loads fifteen modules waits for them in turns, and each is compressed by itself, to twice as much.
Why it is kept beside them: whoever installs the service needs no Node.
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
