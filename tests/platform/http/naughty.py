"""Strings that break software, and what it takes to send them all and look at what came back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from tests.platform.http.by_hand import Answer
from tests.samples import sample_cases

MARKUP = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](vbscript:x) [y](data:text/html,<script>alert(1)</script>)",
    "<javascript:alert(1)>",
    '![x](https://a.example/x.png"onerror=alert(1))',
    '[x](https://a.example/ "title\\" onclick=alert(1)")',
    "`<img src=x onerror=alert(1)>`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "[x]: javascript:alert(1)\n\n[x]",
    'https://a.example/"><svg/onload=alert(1)>',
    "[a](//evil.example) [b](/\\evil.example)",
]


def naughty() -> list[str]:
    """The strings that break software and those that mislead people, each once."""
    strings: list[str] = sample_cases("hostile/naughty-strings.json")
    strings += [case["text"] for case in sample_cases("hostile/unicode.json")]
    return list(dict.fromkeys([*strings, "\0", "a\0b", "\x1b[31m", "a\r\nX: y"]))


def scripts() -> list[str]:
    """The strings that would be scripts in a careless page."""
    return [*(case["payload"] for case in sample_cases("hostile/xss.json")), *MARKUP]


def some(strings: list[str], *, every: int) -> list[str]:
    """A fifth, a tenth of them, spread evenly, and always the last, which are the worst."""
    return [*strings[:-20:every], *strings[-20:]]


async def all_of(strings: list[str], send: Callable[[str], Awaitable[Answer]]) -> list[tuple[str, Answer]]:
    """What came back for each string; many are sent at once, so that posts share transactions."""
    answers: list[tuple[str, Answer]] = []
    for start in range(0, len(strings), 50):
        batch = strings[start : start + 50]
        answers += zip(batch, await asyncio.gather(*map(send, batch)), strict=True)
    return answers


def accepted(answers: list[tuple[str, Answer]]) -> Iterator[tuple[str, Any]]:
    """The JSON of those accepted; all others must be problems."""
    for text, answer in answers:
        if answer.status < 300:
            yield text, answer.json()
        else:
            assert answer.problem()["status"] in {400, 404, 413, 422}, (text, answer)
