"""Replies that are not right below their parent say whom they answer."""

import re

from tests.builders import ASite, AThread, a_comment, a_thread, decide
from tests.reading.pages.test_fragment import fragment

ANSWERED = re.compile(r'<a class="answered" href="([^"]+)">(.*?)</a>')
MORE = re.compile(r'data-cursor="([^"]+)"')


async def a_chain(thread: AThread, replies: int) -> list[str]:
    """A comment and ``replies`` to it, each to the one before; return the ids."""
    ids: list[str] = []
    for number in range(replies + 1):
        above = ids[-1] if ids else None
        ids.append((await a_comment(thread, f"Step {number}.", name=f"N{number}", below=above))["comment"]["id"])
    return ids


async def test_replies_past_the_maximum_depth_name_and_link_their_parent(site: ASite) -> None:
    await site.set(max_depth=6)
    thread = await a_thread(site)
    ids = await a_chain(thread, 32)
    page = await site.client.get(f"/{site.slug}/{thread.article}")
    for html in ((await fragment(thread)).text, page.text):
        expected = [(f"#comment-{ids[n]}", f"In reply to <bdi>N{n}</bdi>") for n in range(6, 32)]
        assert ANSWERED.findall(html) == expected


async def test_of_replies_that_are_not_indented_all_but_the_first_name_their_parent(site: ASite) -> None:
    await site.set(max_depth=20)
    thread = await a_thread(site)
    ids = await a_chain(thread, 6)
    for above in (ids[3], ids[4]):
        await a_comment(thread, "One more.", below=above)
    expected = [(f"#comment-{ids[4]}", "In reply to <bdi>N4</bdi>")]
    assert ANSWERED.findall((await fragment(thread)).text) == expected


async def test_a_reply_whose_parent_is_on_another_page_links_to_that_page(site: ASite) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 3)
    for order, before in (("oldest", "?"), ("newest", "?order=newest&amp;")):
        first = (await fragment(thread, limit=2, order=order)).text
        assert ANSWERED.findall(first) == []
        more = MORE.search(first)
        assert more
        second = (await fragment(thread, limit=2, order=order, cursor=more[1])).text
        [(url, text)] = ANSWERED.findall(second)
        assert url == f"http://onereply.test/{site.slug}/{thread.article}{before}comment={ids[1]}#comment-{ids[1]}"
        assert text == "In reply to <bdi>N1</bdi>"


async def test_the_name_of_a_removed_parent_is_gone(site: ASite) -> None:
    await site.set(max_depth=2)
    thread = await a_thread(site)
    ids = await a_chain(thread, 4)
    for removed, limit in ((3, 50), (1, 1)):  # at the maximum depth; on another page
        await decide(site, "reject", {"id": ids[removed], "revision": 1})
        for language, sentence in (("en", "In reply to a removed comment"), ("ja", "削除されたコメントへの返信")):
            text = (await fragment(thread, headers={"Accept-Language": language}, limit=limit, comment=ids[2])).text
            assert f"N{removed}<" not in text
            assert f'<span class="answered">{sentence}</span>' in text


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
        assert [found for _, found in ANSWERED.findall(text)] == [sentence]
