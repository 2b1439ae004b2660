"""Strings that break software go wherever text can go; what is accepted comes back clean, whole and safe."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from unicodedata import category, is_normalized
from urllib.parse import quote, urlsplit

import pytest

from service.web.text import clean_text
from tests.builders import ASite, AThread, a_comment, a_thread, events_of
from tests.real_data import real_data
from tests.web.by_hand import Answer, ask, ask_site, send_json

ALLOWED = {
    "a": {"href", "title", "rel"},
    "ol": {"start"},
    **dict.fromkeys(["p", "br", "blockquote", "code", "pre", "em", "strong", "del", "ul", "li"], set[str]()),
}
BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MARKUP = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](vbscript:x) [y](data:text/html,<script>alert(1)</script>)",
    "<javascript:alert(1)>",
    "![x](https://a.example/x.png\"onerror=alert(1))",
    '[x](https://a.example/ "title\\" onclick=alert(1)")',
    "`<img src=x onerror=alert(1)>`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "[x]: javascript:alert(1)\n\n[x]",
    "https://a.example/\"><svg/onload=alert(1)>",
    "[a](//evil.example) [b](/\\evil.example)",
]

NUMBERS = ["1e400", "nan", "inf", "9" * 30, "-1", "0", "1.5", "99999999999999", "٣", "1_0", "+1", " 1"]
INSTANTS = ["0001-01-01T00:00:00%2B10:00", "9999-12-31T23:59:59-10:00", "253402300800", "-62135596801", "1e18"]


def naughty() -> list[str]:
    """The strings that break software and those that mislead people, each once."""
    strings: list[str] = json.loads(real_data("hostile/naughty-strings.json").read_text())
    strings += [case["text"] for case in json.loads(real_data("hostile/unicode.json").read_text())]
    return list(dict.fromkeys([*strings, "\0", "a\0b", "\x1b[31m", "a\r\nX: y"]))


def scripts() -> list[str]:
    """The strings that would be scripts in a careless page."""
    return [*(case["payload"] for case in json.loads(real_data("hostile/xss.json").read_text())), *MARKUP]


def some(strings: list[str], *, every: int) -> list[str]:
    """A fifth, a tenth of them, spread evenly, and always the last, which are the worst."""
    return [*strings[:-20:every], *strings[-20:]]


class Safe(HTMLParser):
    """Fails at anything that a comment's HTML may not have, and at tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.html = html
        self.feed(html)
        self.close()
        assert not self.open, html

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, (tag, self.html)
        given = dict(attrs)
        assert given.keys() <= ALLOWED[tag], (given, self.html)
        if tag == "a" and (href := given.get("href")) is not None:
            assert urlsplit(href).scheme in {"http", "https"}, self.html
            assert {"nofollow", "ugc", "noopener"} <= set((given["rel"] or "").split()), self.html
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.html

    def handle_comment(self, data: str) -> None:
        raise AssertionError(self.html)

    handle_decl = handle_pi = unknown_decl = handle_comment


def is_clean_line(text: str) -> bool:
    """Whether ``text`` is one line without control characters, bidi overrides or white space around it."""
    bad = [character for character in text if category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in BIDI]
    return not bad and text == text.strip() and is_normalized("NFC", text)


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


def post(thread: AThread, body: str = "x", **author: Any) -> Awaitable[Answer]:
    content = {"body": body, "author": {"name": "Ada", **author}}
    return send_json(thread.site, "POST", f"{thread.path}/comments", content)


async def test_any_body_comes_back_as_safe_html_and_is_kept_as_it_was_answered(site: ASite) -> None:
    thread = await a_thread(site)
    answers = await all_of([*naughty(), *scripts()], lambda text: post(thread, text))
    posted = {one["comment"]["id"]: (text, one["comment"]) for text, one in accepted(answers)}
    assert len(posted) > 700
    for text, comment in posted.values():
        Safe(comment["html"])
        assert comment["body"] == clean_text(text)
        assert not set(comment["html"]) & BIDI, text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", comment["body"] + comment["html"]), text
    read = await thread.pages(by="moderator", limit=200)
    assert {one["id"]: one for one in read} == {key: comment for key, (_, comment) in posted.items()}
    assert (await thread.read())["reply_count"] == len(posted)


async def test_any_name_comes_back_as_one_clean_line(site: ASite) -> None:
    thread = await a_thread(site)
    answers = await all_of([*naughty(), *scripts()], lambda text: post(thread, name=text))
    posted = {one["comment"]["id"]: one["comment"]["author"]["name"] for _, one in accepted(answers)}
    assert len(posted) > 400
    for name in posted.values():
        assert is_clean_line(name) and 0 < len(name) <= 100, name
    assert {one["id"]: one["author"]["name"] for one in await thread.pages(limit=200)} == posted


async def test_any_url_comes_back_as_a_web_address_or_is_refused(site: ASite) -> None:
    thread = await a_thread(site)
    texts = [*naughty(), *(f"https://a.example/{text}" for text in some(naughty(), every=2)), *some(scripts(), every=5)]
    for text, one in accepted(await all_of(texts, lambda text: post(thread, url=text))):
        url = one["comment"]["author"]["url"]
        assert (url is None and not text.strip()) or urlsplit(url).scheme.lower() in {"http", "https"}, (text, url)
        assert url is None or not re.search(r"[\s\"<>\\\x00-\x1f]", url), url
    registered = await all_of(
        some(texts, every=5), lambda text: send_json(site, "PUT", "/threads/u", {"title": "x", "url": text}, by="host")
    )
    for text, one in accepted(registered):
        assert one["url"] == text


async def test_any_email_is_kept_to_ourselves_or_refused(site: ASite) -> None:
    thread = await a_thread(site)
    texts = [*naughty(), *(f"{text}@a.example" for text in some(naughty(), every=2))]
    for text, one in accepted(await all_of(texts, lambda text: post(thread, email=text))):
        assert "email" not in one["comment"]["author"]
        assert not text.strip() or "@" in text


async def test_any_title_comes_back_as_one_clean_line_in_the_answer_and_the_event(site: ASite) -> None:
    def register(text: str) -> Awaitable[Answer]:
        return send_json(site, "PUT", f"/threads/{texts.index(text)}", {"title": text}, by="host")

    texts = [*some(naughty(), every=2), *some(scripts(), every=5)]
    titles = {one["article"]: one["title"] for _, one in accepted(await all_of(texts, register))}
    assert len(titles) > 200
    assert all(map(is_clean_line, titles.values()))
    assert {one["data"]["thread"]["article"]: one["data"]["thread"]["title"] for one in await events_of(site)} == titles
    for article, title in list(titles.items())[::10]:
        assert title in (await ask_site(site, "GET", f"/threads/{article}")).json()["heading"]


async def test_any_close_reason_comes_back_as_one_clean_line(site: ASite) -> None:
    thread = await a_thread(site)
    for text in some(naughty(), every=10):
        for _, one in accepted([(text, await send_json(site, "POST", f"{thread.path}/close", {"reason": text}, by="host"))]):
            assert one["close_reason"] is None or is_clean_line(one["close_reason"]), text
        await thread.reopen()


async def test_any_text_in_a_path_finds_nothing_or_what_was_registered_by_it(site: ASite) -> None:
    posted = await a_comment(await a_thread(site))
    for segment in (quote(text, safe="") for text in some(naughty(), every=5)):
        for path in (f"/threads/{segment}", f"/threads/{segment}/comments", f"/comments/{segment}"):
            assert (await ask_site(site, "GET", path)).problem()["status"] in {400, 404}, segment
        assert (await ask_site(site, "GET", f"/comments/{posted['comment']['id']}{segment}")).status in {200, 400, 404}
        elsewhere = await ask(site.app, "GET", f"/v1/sites/{segment}/threads/a")
        assert elsewhere.problem()["status"] in {400, 404}, segment
    registered = await all_of(
        naughty(), lambda text: send_json(site, "PUT", f"/threads/{quote(text, safe='')}", {"title": "x"}, by="host")
    )
    articles = [one["article"] for text, one in accepted(registered) if one["article"] == text]
    assert len(articles) > 450
    counts = await send_json(site, "POST", "/counts", {"articles": articles[-200:]})
    assert [(one["article"], one["state"]) for one in counts.json()["counts"]] == [(one, "open") for one in articles[-200:]]


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("/threads/a/comments?cursor=", None),
        ("/threads/a/comments?order=", None),
        ("/threads/a/comments?limit=", None),
        ("/threads/a/comments?limit=1&", None),
        ("/threads?cursor=", "host"),
        ("/threads?state=", "host"),
        ("/threads?changed_since=", "host"),
        ("/threads?url=", None),
        ("/counts?article=", None),
        ("/counts?", None),
        ("/events?after=", "host"),
        ("/events?limit=", "host"),
    ],
)
async def test_any_text_in_a_query_is_refused_or_finds_nothing(site: ASite, path: str, by: str | None) -> None:
    await a_thread(site, article="a")
    texts = [quote(text, safe="") for text in [*some(naughty(), every=10), *NUMBERS]]
    for text in [*texts, *INSTANTS, "%FF", "%C0%AF", "%", "%ZZ"]:
        answer = await ask_site(site, "GET", f"{path}{text}", by=by)
        assert answer.status == 200 or answer.problem()["status"] in {400, 404}, text


async def test_any_idempotency_key_is_taken_as_it_is_or_refused(site: ASite) -> None:
    thread = await a_thread(site)
    content = b'{"body": "x", "author": {"name": "Ada"}}'
    for key in headers(naughty()):
        sent = {"Idempotency-Key": key}
        answer = await ask_site(site, "POST", f"{thread.path}/comments", headers=sent, body=content)
        visible = re.fullmatch(r"[!-~]{1,255}", key) is not None
        assert answer.status == 201 if visible else answer.problem()["header"] == "Idempotency-Key", key


async def test_any_other_header_changes_nothing(site: ASite) -> None:
    await a_thread(site, article="a")
    for value in headers(some(naughty(), every=3)):
        sent = dict.fromkeys(["Accept-Language", "If-None-Match", "X-Request-ID", "Accept"], value)
        assert (await ask_site(site, "GET", "/threads/a", headers=sent)).status in {200, 304}, value
        refused = await ask_site(site, "GET", "/threads/a", headers={"Authorization": value})
        assert refused.problem()["status"] == 401, value


def headers(strings: list[str]) -> list[str]:
    """Those that a server passes on, as bytes that are no text to it."""
    return [text.encode().decode("latin-1") for text in strings if not re.search(r"[\r\n\0]", text)]
