"""Bundle Scalar, the renderer of ``/docs``: ``make docs-bundle`` installs the pinned version and writes two files.

``scalar.js.gz`` is the standalone bundle from npm, byte for byte, compressed. ``scalar-licenses.txt`` has the licence
of each package inside it. Both are committed, so that an installation needs no Node.js.

To update: change the version in ``scalar/package.json``, run ``npm install --package-lock-only
--omit-lockfile-registry-resolved`` there, then this, and look at ``/docs``. ``SHA256`` changes with the version.
"""

import gzip
import json
import re
from hashlib import sha256
from pathlib import Path

from tests.installing import ROOT, node_modules

PACKAGE = Path(__file__).parent / "scalar"
STATIC = ROOT / "service/reading/pages/static"
BUNDLE = STATIC / "scalar.js.gz"
LICENSES = STATIC / "scalar-licenses.txt"
VERSION = json.loads((PACKAGE / "package.json").read_text())["dependencies"]["@scalar/api-reference"]
SHA256 = "dcb027152bf20bf2f6dcd66e8f9fb073c1a9e274cf0b94b939a7d99ab8947060"  # of the uncompressed bundle
LICENSE = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)


def renew() -> None:
    """Write the bundle and the licences; refuse a bundle that is not the pinned one."""
    modules = node_modules(PACKAGE)
    built = modules / "@scalar/api-reference/dist/browser"
    content = (built / "standalone.js").read_bytes()
    found = sha256(content).hexdigest()
    if found != SHA256:
        raise SystemExit(f"The bundle has the SHA-256 {found}, not the pinned {SHA256}.")
    BUNDLE.write_bytes(gzip.compress(content, mtime=0))
    LICENSES.write_text(licenses(built / "standalone.js.map", modules))


def licenses(source_map: Path, modules: Path) -> str:
    """Return the licence of Scalar, then that of each package that ``source_map`` names as part of the bundle."""
    sources = json.loads(source_map.read_text())["sources"]
    names = {found[-1] for each in sources if (found := re.findall(r"node_modules/((?:@[^/]+/)?[^/]+)/", each))}
    folders = [modules / "@scalar/themes", *(_installed(name, modules) for name in sorted(names))]
    return f"\n{'-' * 80}\n\n".join(_license(folder, modules) for folder in folders)


def _installed(name: str, modules: Path) -> Path:
    return next(
        (each for each in [modules / name, *modules.glob(f"*/node_modules/{name}")] if each.exists()), modules / name
    )


def _license(folder: Path, modules: Path) -> str:
    name = str(folder.relative_to(modules)).rpartition("node_modules/")[2]
    if not folder.exists():
        return (
            f"{name}\n\nPart of Scalar's build, but not installed beside it: its licence is in its own npm package.\n"
        )
    package = json.loads((folder / "package.json").read_text())
    texts = [each.read_text().strip() for each in sorted(folder.iterdir()) if LICENSE.match(each.name)]
    return "\n\n".join([f"{name} {package['version']}, {package['license']}", *texts]) + "\n"


if __name__ == "__main__":
    renew()
