"""What helps in a long thread: folded conversations, unfolded comments, editors' picks."""

import re

from tests.builders import ASite, a_comment, a_thread, decide
from tests.reading.pages.test_answered import a_chain
from tests.reading.pages.test_fragment import COMMENT, fragment

COUNTS = re.compile(r"<details open><summary>(.*?)</summary>")


async def test_a_comment_with_replies_can_be_folded_and_says_how_many_there_are(site: ASite) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 3)
    await a_comment(thread, "A second one.", below=ids[0])
    await decide(site, "reject", {"id": ids[2], "revision": 1})
    text = (await fragment(thread)).text
    assert COUNTS.findall(text) == ["3 replies", "One reply", "One reply"]
    german = (await fragment(thread, headers={"Accept-Language": "de"})).text
    assert COUNTS.findall(german)[0] == "3 Antworten"
    assert text.count("<details") == text.count("</details>") == 3


async def test_only_very_long_comments_are_cut_and_their_text_is_whole(site: ASite) -> None:
    thread = await a_thread(site)
    for words in ("Short.", "Long. " * 600, "Line.\n" * 40):
        await a_comment(thread, words)
    text = (await fragment(thread)).text
    assert text.count('<label class="unfold"><input type="checkbox"> Read more</label>') == 2
    assert text.count("Long. ") >= 599
    assert not re.search(r"Short\.</p>\s*</div>\s*<label", text)


async def test_editors_picks_are_a_list_of_their_own_where_there_are_any(site: ASite) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 3)
    assert "Editors’ picks" not in (await fragment(thread)).text
    for picked in (ids[3], ids[1]):
        await decide(site, "feature", {"id": picked, "revision": 1})
    assert re.search(r'order=featured" data-order="featured">Editors’ picks \(2\)</a>', (await fragment(thread)).text)
    text = (await fragment(thread, order="featured")).text
    assert COMMENT.findall(text) == [ids[1], ids[3]]
    assert '<b aria-current="true">Editors’ picks (2)</b>' in text
    assert f"comment={ids[2]}#comment-{ids[2]}" in text
    page = await site.client.get(f"/{site.slug}/{thread.article}?order=featured")
    assert COMMENT.findall(page.text) == [ids[1], ids[3]]
    for cursor in re.findall(r'data-cursor="([^"]+)"', (await fragment(thread, order="featured", limit=1)).text):
        assert COMMENT.findall((await fragment(thread, order="featured", limit=1, cursor=cursor)).text) == [ids[3]]


async def test_without_picks_and_behind_a_permalink_the_order_is_the_usual_one(site: ASite) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 2)
    assert COMMENT.findall((await fragment(thread, order="featured")).text) == ids
    await decide(site, "feature", {"id": ids[0], "revision": 1})
    assert COMMENT.findall((await fragment(thread, order="featured", comment=ids[2])).text) == ids
