"""The embed's modules as the one script that a host's page loads.

Why: a page that loads fifteen modules waits for them in turns, and each is compressed by itself, to twice the bytes. So
they are joined as they are read when the service starts, without their comments, which are a third of them; there is
nothing to build, and no tool to build it with. They share one scope: a name stands in one module only, imports rename
nothing. What is left is told in short names.
"""

import re
from pathlib import Path

from service.pages.shortening import STRING, shortened

IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ", re.MULTILINE)
# A cast's parentheses go with it, where nothing stands in them but names and calls.
CAST = re.compile(rf"({STRING})|\s*/\*\* @type [^*]*\*/ \(\s*([\w.]+(?:\([^()]*\)[\w.]*)*)\s*\)")
COMMENT = re.compile(rf"({STRING})|\s*/\*.*?\*/|(?:^|[ ])//[^\n]*", re.DOTALL | re.MULTILINE)
# Each statement of ours ends in a semicolon or a brace, so no line end does; nor need the last of a block or a list.
SIGNS = r"[][(){}<>;,.=?:&|!+*-]"
SPACE = re.compile(rf"({STRING})|^\s+|(?<={SIGNS})\s+|\s+(?={SIGNS})|;(?=\s*\}})|,(?=\s*[])}}])", re.MULTILINE)
CONST = re.compile(rf"({STRING})|\bconst\b")  # nothing is assigned to one


def joined(entry: Path) -> bytes:
    """The module ``entry`` and all that it imports, each after those that it imports itself."""
    sources: dict[Path, str] = {}

    def take(path: Path) -> None:
        text = path.read_text("utf-8")
        for name in IMPORT.findall(text):
            if path.parent / name not in sources:
                take(path.parent / name)
        sources[path] = lean(EXPORT.sub("", IMPORT.sub("", text)))

    take(entry)
    return CONST.sub(lambda found: found[1] or "let", shortened("".join(sources.values()))).encode()


def lean(script: str) -> str:
    """``script`` without comments, and without the spaces, line ends and signs that part nothing."""
    script = CAST.sub(lambda found: found[1] or f" {found[2]}", script)
    for dropped in (COMMENT, SPACE):
        script = dropped.sub(lambda found: found[1] or "", script)
    return script
