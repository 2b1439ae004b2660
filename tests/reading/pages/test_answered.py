"""Replies that are not right below their parent say whom they answer."""

import re

from tests.builders import ASite, AThread, a_comment, a_thread, decide
from tests.reading.pages.test_fragment import MORE, fragment

ANSWERED = re.compile(r'<a class="(answered(?: apart)?)" href="([^"]+)">(In reply to .*?)</a>')


async def a_chain(thread: AThread, replies: int) -> list[str]:
    """A comment and ``replies`` to it, each to the one before; return the ids."""
    ids: list[str] = []
    for number in range(replies + 1):
        above = ids[-1] if ids else None
        ids.append((await a_comment(thread, f"Step {number}.", name=f"N{number}", below=above))["comment"]["id"])
    return ids


async def test_every_reply_names_and_links_its_parent_also_past_the_maximum_depth(site: ASite) -> None:
    await site.set(max_depth=6)
    thread = await a_thread(site)
    ids = await a_chain(thread, 32)
    page = await site.client.get(f"/{site.slug}/{thread.article}")
    for html in ((await fragment(thread)).text, page.text):
        expected = [
            ("answered apart" if n >= 6 else "answered", f"#comment-{ids[n]}", f"In reply to <bdi>N{n}</bdi>")
            for n in range(32)
        ]
        assert ANSWERED.findall(html) == expected


async def test_a_reply_past_the_maximum_depth_links_to_the_page_of_its_parent(site: ASite) -> None:
    await site.set(max_depth=1)
    thread = await a_thread(site)
    ids = await a_chain(thread, 3)
    for order, before in (("oldest", "?"), ("newest", "?order=newest&amp;")):
        more = MORE.search((await fragment(thread, limit=3, order=order)).text)
        assert more
        second = (await fragment(thread, limit=3, order=order, cursor=more[1])).text
        url = f"http://onereply.test/{site.slug}/{thread.article}{before}comment={ids[2]}#comment-{ids[2]}"
        assert ANSWERED.findall(second) == [("answered apart", url, "In reply to <bdi>N2</bdi>")]


async def test_the_name_of_a_removed_parent_is_gone(site: ASite) -> None:
    await site.set(max_depth=2)
    thread = await a_thread(site)
    ids = await a_chain(thread, 4)
    await decide(site, "reject", {"id": ids[3], "revision": 1})
    for language, sentence in (("en", "In reply to a removed comment"), ("ja", "削除されたコメントへの返信")):
        text = (await fragment(thread, headers={"Accept-Language": language})).text
        assert "N3<" not in text
        assert f'<span class="answered apart">{sentence}</span>' in text


async def test_the_sentence_is_in_the_readers_language(site: ASite) -> None:
    await site.set(max_depth=0)
    thread = await a_thread(site)
    await a_chain(thread, 1)
    for language, sentence in (
        ("de", "Antwort an <bdi>N0</bdi>"),
        ("ja", "<bdi>N0</bdi>さんへの返信"),
        ("ar", "ردًا على <bdi>N0</bdi>"),
    ):
        text = (await fragment(thread, headers={"Accept-Language": language})).text
        assert f">{sentence}</a>" in text
