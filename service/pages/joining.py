"""The embed's modules as the one script that a host's page loads.

Why: a page that loads fifteen modules waits for them in turns, and each is compressed by itself, to twice the bytes. So
they are joined as they are read when the service starts, without their comments, which are a third of them; there is
nothing to build, and no tool to build it with. They share one scope: a name stands in one module only, imports rename
nothing. Then what they declare, which nobody else calls, gets short names: a thirtieth of what is sent.
"""

import re
from itertools import count
from pathlib import Path
from string import ascii_letters

IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ", re.MULTILINE)
# Strings and templates are told first: nothing in them is a comment, and their spaces stay. Regular expressions of ours
# have neither spaces nor quotes, nor a name that is shortened.
STRING = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"""
COMMENT = re.compile(rf"({STRING})|\s*/\*.*?\*/|(?:^|[ ])//[^\n]*", re.DOTALL | re.MULTILINE)
# Each statement of ours ends in a semicolon or a brace, so no line end does; nor need the last of a block or a list.
SIGNS = r"[][(){}<>;,.=?:&|!+*-]"
SPACE = re.compile(rf"({STRING})|^\s+|(?<={SIGNS})\s+|\s+(?={SIGNS})|;(?=\s*\}})|,(?=\s*[])}}])", re.MULTILINE)
# Of private members those that are used: more are dead code.
DECLARED = re.compile(
    r"(?<=\blet )\w{3,}|(?<=\bfunction )\w{3,}|(?<=\bfunction\* )\w{3,}|(?<=\bclass )\w{3,}|(?<=\.)#\w+"
)


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
    return shortened("".join(sources.values())).encode()


def lean(script: str) -> str:
    """``script`` without comments, and without the spaces, line ends and signs that part nothing."""
    for dropped in (COMMENT, SPACE):
        script = dropped.sub(lambda found: found[1] or "", script)
    return script


def shortened(script: str) -> str:
    """``script`` with short names for what it declares.

    What is a member's name too, or a key's, or stands in a template, keeps it.
    """
    script = re.sub(rf"({STRING})|\bconst\b", lambda found: found[1] or "let", script)  # nothing is assigned to one
    strings, bare = " ".join(re.findall(STRING, script)), re.sub(STRING, "", script)
    names = (f"{'$' * length}{letter}" for length in count(1) for letter in ascii_letters)
    short: dict[str, str] = {}
    for name in dict.fromkeys(DECLARED.findall(bare)):
        told = rf"\.{name}\b|\b{name}:|[{{,]{name}[,}}=]"
        if name[0] == "#" or not (re.search(told, bare) or re.search(rf"\b{name}\b", strings)):
            short[name] = f"#{next(names)}" if name[0] == "#" else next(names)
    return re.sub(rf"({STRING})|#?\b\w+\b", lambda found: found[1] or short.get(found[0], found[0]), script)
