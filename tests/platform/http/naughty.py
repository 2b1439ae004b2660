"""Strings that break software, and functions that send them and check the responses."""

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
    """Strings that break software and strings that mislead people, without duplicates."""
    strings: list[str] = sample_cases("hostile/naughty-strings.json")
    strings += [case["text"] for case in sample_cases("hostile/unicode.json")]
    return list(dict.fromkeys([*strings, "\0", "a\0b", "\x1b[31m", "a\r\nX: y"]))


def scripts() -> list[str]:
    """Strings that an unsafe page would run as scripts."""
    return [*(case["payload"] for case in sample_cases("hostile/xss.json")), *MARKUP]


def some(strings: list[str], *, every: int) -> list[str]:
    """One string in ``every``, and always the last 20, which are the worst."""
    return [*strings[:-20:every], *strings[-20:]]


async def all_of(strings: list[str], send: Callable[[str], Awaitable[Answer]]) -> list[tuple[str, Answer]]:
    """Send each string and return the answers; 50 are sent at once, so that posts share transactions."""
    answers: list[tuple[str, Answer]] = []
    for start in range(0, len(strings), 50):
        batch = strings[start : start + 50]
        answers += zip(batch, await asyncio.gather(*map(send, batch)), strict=True)
    return answers


def accepted(answers: list[tuple[str, Answer]]) -> Iterator[tuple[str, Any]]:
    """The JSON of the accepted requests; all others must be problems."""
    for text, answer in answers:
        if answer.status < 300:
            yield text, answer.json()
        else:
            assert answer.problem()["status"] in {400, 404, 413, 422}, (text, answer)
