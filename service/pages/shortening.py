"""Short names for the embed's own variables, so that its bytes go to what it does.

Why not by a tool: there is nothing to build here, and none to build it with. What takes one to know, which variable a
name means, need not be known: the same name becomes the same other one wherever it is a variable's, and goes on to mean
what it meant. Which are variables' and which properties' is told by the signs beside it and the bracket around it. It
saves a fifteenth of what is sent.

So no variable of ours may have the name of a global that another function uses, and none is declared after a comma.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import product
from typing import Literal, NamedTuple

# Strings and templates are told first: nothing in them is a comment or a name, and their spaces stay.
STRING = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"""
PATTERN = r"(?:(?<=[(,=])|(?<=return ))/(?:\\.|\[[^]]*\]|[^/\\])+/"
TOKEN = re.compile(rf"{STRING}|{PATTERN}|\d\w*|#?[A-Za-z_]\w*|\.\.\.|=>|\S")
SAID = re.compile(r"(?<=\$\{)[^}]*(?=\})")  # what a template says of variables
KEYWORDS = frozenset(
    keyword
    for line in (
        "async await break case catch class const continue delete do else extends false finally for function get if",
        "in instanceof let new null of return set static super switch this throw true try typeof void while yield",
    )
    for keyword in line.split()
)
# The commonest first: so they are compressed with the words in strings.
LETTERS = "etaoinsrhldcumfpgwybvkxjqz" + "etaoinsrhldcumfpgwybvkxjqz".upper()
# A "key" is a property's name alone; "both" names a property and the variable that is its value.
Role = Literal["", "variable", "key", "both", "private"]


class Token(NamedTuple):
    """A piece of a script, and where it begins."""

    text: str
    start: int
    role: Role


def shortened(script: str) -> str:
    """``script``, without comments, with other names for its variables and its private members."""
    tokens = list(_tokens(script))
    own = set(_declared(tokens))
    named = [token.text for token in tokens if token.role]
    named += [each.text for token in tokens if token.text[0] == "`" for each in _said(token.text)]
    counts = Counter(named)
    new = _new_names([name for name, _ in counts.most_common() if name in own], taken=KEYWORDS | (counts.keys() - own))
    private = [name for name, _ in counts.most_common() if name[0] == "#"]
    new |= {name: f"#{short}" for name, short in _new_names(private, taken=()).items()}
    return _renamed(script, tokens, new)


def _tokens(script: str) -> Iterator[Token]:
    found = list(TOKEN.finditer(script))
    texts = ["", *(each[0] for each in found), ""]
    around: list[str] = []
    for number, each in enumerate(found, start=1):
        before, text, after = texts[number - 1 : number + 2]
        role: Role = ""
        if re.match(r"#?[A-Za-z_]", text):
            role = _role(text, before, after, around[-1] if around else "block")
        elif text in {"(", "["}:
            around.append(text)
        elif text == "{":
            is_class = "class" in (texts[number - 2], texts[max(0, number - 4)])
            starts = before in {")", "=>", "else", "try", "catch", "finally", ";", "{", "}", ""}
            around.append("class" if is_class else "block" if starts else "object")
        elif text in {")", "]", "}"}:
            around.pop()
        yield Token(text, each.start(), role)


def _role(text: str, before: str, after: str, around: str) -> Role:
    """What a name is, between two tokens, in a bracket."""
    if text[0] == "#":
        return "private"
    if before == ".":
        return "key"
    if around == "class" and (before in {"{", "}", ";"} or before in {"static", "async", "get", "set", "*"}):
        return "key"
    if around == "object" and before in {"{", ",", "async"} and after in {":", "("}:
        return "key"
    if text in KEYWORDS:
        return ""
    return "both" if around == "object" and before in {"{", ","} and after in {",", "}", "="} else "variable"


def _declared(tokens: list[Token]) -> Iterator[str]:
    """The names that ``tokens`` declare: after a keyword, before an arrow, as parameters and in patterns."""
    texts = ["", *(token.text for token in tokens), "", ""]
    opened: list[int] = []
    for number, token in enumerate(tokens, start=1):
        before, text, after = texts[number - 1 : number + 2]
        if text in {"(", "[", "{"}:
            opened.append(number)
        elif text in {")", "]", "}"}:
            first = opened.pop()
            header = texts[first - 1]
            takes = text == ")" and (after == "=>" or (after == "{" and header not in {"if", "for", "while", "switch"}))
            if takes or header in {"let", "const"}:
                for each in range(first, number - 1):
                    binds = tokens[each].role in {"variable", "both"} and texts[each] in {
                        "(",
                        "{",
                        "[",
                        ",",
                        ":",
                        "...",
                    }
                    if binds and texts[each + 2] not in {".", "("}:
                        yield texts[each + 1]
        elif token.role == "variable":
            keyword = texts[number - 2] if before == "*" else before
            if after == "=>" or keyword in {"let", "const", "function", "class"}:
                yield text


def _said(template: str) -> Iterator[Token]:
    for said in SAID.findall(template):
        yield from (token for token in _tokens(said) if token.role)


def _new_names(names: Iterable[str], *, taken: Collection[str]) -> dict[str, str]:
    """The shortest names for the first of ``names``."""
    short = ("".join(letters) for length in (1, 2) for letters in product(LETTERS, repeat=length))
    return dict(zip(names, (name for name in short if name not in taken), strict=False))


def _renamed(script: str, tokens: Iterable[Token], new: dict[str, str]) -> str:
    pieces, end = [], 0
    for token in tokens:
        pieces += [script[end : token.start], _rename(token, new)]
        end = token.start + len(token.text)
    return "".join([*pieces, script[end:]])


def _rename(token: Token, new: dict[str, str]) -> str:
    text = token.text
    if text[0] == "`":
        return SAID.sub(lambda said: _renamed(said[0], _tokens(said[0]), new), text)
    if token.role == "both" and text in new:
        return f"{text}:{new[text]}"
    return new.get(text, text) if token.role in {"variable", "private"} else text
