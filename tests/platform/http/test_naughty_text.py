"""Strings that break software, in every text field: accepted text comes back clean, complete and safe."""

import re
from collections.abc import Awaitable
from html.parser import HTMLParser
from typing import Any
from unicodedata import category, is_normalized
from urllib.parse import urlsplit

from service.platform.text.plain_text import clean_text
from service.platform.text.web_urls import canonical_url
from tests.builders import ASite, AThread, a_thread, events_of
from tests.platform.http.by_hand import Answer, ask_site, send_json
from tests.platform.http.naughty import accepted, all_of, naughty, scripts, some
from tests.samples import HAS_REAL

ALLOWED: dict[str, set[str]] = {
    "a": {"href", "title", "rel"},
    "ol": {"start"},
    **{tag: set() for tag in ("p", "br", "blockquote", "code", "pre", "em", "strong", "del", "ul", "li")},
}
BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Safe(HTMLParser):
    """Fails at tags and attributes that a comment's HTML must not have, and at unclosed tags."""

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

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(self.html)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(self.html)


def is_clean_line(text: str) -> bool:
    """Whether ``text`` is one line without control characters, bidi overrides or white space around it."""
    bad = [character for character in text if category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in BIDI]
    return not bad and text == text.strip() and is_normalized("NFC", text)


def post(thread: AThread, body: str = "x", **author: Any) -> Awaitable[Answer]:
    content = {"body": body, "author": {"name": "Ada", **author}}
    return send_json(thread.site, "POST", f"{thread.path}/comments", content)


async def test_any_body_becomes_safe_html_and_is_stored_as_answered(site: ASite) -> None:
    thread = await a_thread(site)
    answers = await all_of([*naughty(), *scripts()], lambda text: post(thread, text))
    posted = {one["comment"]["id"]: (text, one["comment"]) for text, one in accepted(answers)}
    assert len(posted) > (700 if HAS_REAL else 250)
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
    assert len(posted) > (400 if HAS_REAL else 250)
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
        assert one["url"] == canonical_url(text)


async def test_any_email_stays_private_or_is_refused(site: ASite) -> None:
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
    assert len(titles) > (200 if HAS_REAL else 100)
    assert all(map(is_clean_line, titles.values()))
    assert {one["data"]["thread"]["article"]: one["data"]["thread"]["title"] for one in await events_of(site)} == titles
    for article, title in list(titles.items())[::10]:
        assert title in (await ask_site(site, "GET", f"/threads/{article}")).json()["heading"]


async def test_any_close_reason_comes_back_as_one_clean_line(site: ASite) -> None:
    thread = await a_thread(site)
    for text in some(naughty(), every=10):
        for _, one in accepted(
            [(text, await send_json(site, "POST", f"{thread.path}/close", {"reason": text}, by="host"))]
        ):
            assert one["close_reason"] is None or is_clean_line(one["close_reason"]), text
        await thread.reopen()
