"""Where a page of a thread begins and ends: the comments above its first one, and how many are left on both sides."""

import re

import pytest

from service.conversation.comments import page_borders
from service.reading.pages.comment_tree import EXCERPT, excerpt_of
from tests.builders import ASite, AThread, a_comment, a_thread, decide
from tests.reading.pages.test_answered import a_chain
from tests.reading.pages.test_fragment import MORE, fragment

EARLIER = re.compile(r'data-cursor="([^"]*)" data-left="(\d+)" rel="prev"')
LEFT = re.compile(r'data-left="(\d+)" rel="next">More replies<span>(.*?)</span>')
ABOVE = re.compile(r'<li id="above-([^"]+)">.*?href="([^"]+)"><b><bdi>(.*?)</bdi></b> <bdi>(.*?)</bdi></a>', re.DOTALL)
LIST = r'<ol class="replies">\s*'
SHOWN = re.compile(r'<li id="comment-([^"]+)"')


async def more_of(thread: AThread, order: str = "oldest", limit: int = 2) -> str:
    more = MORE.search((await fragment(thread, order=order, limit=limit)).text)
    assert more
    return more[1]


async def test_a_page_shows_the_comments_above_its_first_one_each_with_its_link(site: ASite) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 3)
    for order, before in (("oldest", "?"), ("newest", "?order=newest&amp;")):
        text = (await fragment(thread, order=order, limit=2, cursor=await more_of(thread, order=order))).text
        url = f"http://onereply.test/{site.slug}/{thread.article}{before}"
        assert ABOVE.findall(text) == [
            (ids[n], f"{url}comment={ids[n]}#comment-{ids[n]}", f"N{n}", f"Step {n}.") for n in (0, 1)
        ]
        above = re.search(
            rf'<li id="above-{ids[1]}">.*?<ol class="replies">\s*<li id="comment-{ids[2]}"', text, re.DOTALL
        )
        assert above


async def test_a_later_sibling_stands_below_its_parents_line(site: ASite) -> None:
    thread = await a_thread(site)
    root, answer, _ = await a_chain(thread, 2)
    later = (await a_comment(thread, "Later.", below=root))["comment"]["id"]
    text = (await fragment(thread, limit=2, cursor=await more_of(thread))).text
    tree = rf'above-{root}.*?{LIST}<li id="above-{answer}.*?{LIST}.*?</ol>\s*</li>\s*<li id="comment-{later}"'
    assert re.search(tree, text, re.DOTALL)


async def test_a_permalink_and_the_page_after_a_post_show_what_a_reply_answers(site: ASite) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 1)
    for number in range(60):
        last = (await a_comment(thread, f"Sibling {number}.", below=ids[0]))["comment"]["id"]
    page = await site.client.get(f"/{site.slug}/comments/{last}", follow_redirects=True)
    assert [found[0] for found in ABOVE.findall(page.text)] == [ids[0]]
    assert SHOWN.findall(page.text)[0] == last


async def test_a_removed_comment_above_shows_no_word_and_no_name(site: ASite) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 3)
    await decide(site, "reject", {"id": ids[1], "revision": 1})
    text = (await fragment(thread, limit=2, cursor=await more_of(thread))).text
    assert [found[0] for found in ABOVE.findall(text)] == [ids[0]]
    assert "Step 1." not in text
    assert "N1<" not in text
    assert "This comment was removed." in text


async def test_each_page_says_how_many_replies_are_before_and_after_it(site: ASite) -> None:
    thread = await a_thread(site)
    root = (await a_comment(thread))["comment"]
    removed = (await a_comment(thread, "Removed."))["comment"]
    await a_comment(thread, "Below.", below=removed["id"])
    for number in range(8):
        await a_comment(thread, f"Number {number}.", below=root["id"] if number % 2 else None)
    await decide(site, "reject", removed)
    for order in ("oldest", "newest"):
        published = {each["id"] for each in await thread.pages(order=order) if each["state"] == "published"}
        text, met = (await fragment(thread, order=order, limit=3)).text, 0
        assert not EARLIER.search(text)
        while more := MORE.search(text):
            met += len(published.intersection(SHOWN.findall(text)))
            [(left, shown)] = LEFT.findall(text)
            assert int(left) == len(published) - met
            assert shown == f" ({left})"
            before = text
            text = (await fragment(thread, order=order, limit=3, cursor=more[1])).text
            [(cursor, earlier)] = EARLIER.findall(text)
            assert int(earlier) == met
            back = (await fragment(thread, order=order, limit=3, **({"cursor": cursor} if cursor else {}))).text
            assert SHOWN.findall(back) == SHOWN.findall(before)


async def test_very_many_replies_are_not_counted(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_borders, "MAX_COUNTED", -1)
    thread = await a_thread(site)
    await a_chain(thread, 6)
    text = (await fragment(thread, limit=2, cursor=await more_of(thread))).text
    assert EARLIER.findall(text) == [("", "0")]
    assert LEFT.findall(text) == [("0", "")]


def test_an_excerpt_is_plain_text_on_one_line() -> None:
    html = '<p>It is <em>true</em>:<br>\n<a href="https://a.example/?b>c">a &amp; b</a></p><p>Yes</p>'
    assert excerpt_of(html) == "It is true: a & b Yes"
    for cut in ('<p>Cut<a href="https://a.example/', "<p>Cut &am", "<p>Cut</p"):
        assert excerpt_of(cut) == "Cut"
    assert excerpt_of("word " * 60) == ("word " * (EXCERPT // 5)).strip() + "…"
    assert excerpt_of("字" * 300) == "字" * EXCERPT + "…"
