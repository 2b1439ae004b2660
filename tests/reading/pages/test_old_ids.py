"""Imported comments are found by the ids that they had in their old system."""

import re

from tests.builders import ASite, AThread, decide
from tests.integrations.imports.exports import a_comment, an_export, an_item
from tests.integrations.imports.test_import_archive import import_file
from tests.reading.pages.test_fragment import COMMENT, fragment

DISQUS, REMARK42 = "1003322110", "2aab5ab3-5e1c-4f6b-9d5a-0c1d4e7f8a90"
ARTICLE = re.compile(r'<li id="comment-([0-9a-f-]{36})"[^>]*><article id="comment-([^"]+)"')


async def an_imported_thread(site: ASite, *ids: str) -> AThread:
    comments = [a_comment(key, date_gmt=f"2024-03-01 09:{number:02}:00") for number, key in enumerate(ids)]
    await import_file(site, an_export(an_item(*comments, post_id="111")).read())
    return AThread(site, "111")


async def test_old_ids_are_anchors_and_find_the_page_of_their_comment(site: ASite) -> None:
    thread = await an_imported_thread(site, *map(str, range(1, 57)), "57", DISQUS, REMARK42)
    page = await site.client.get(f"/{site.slug}/111")
    for html in ((await fragment(thread)).text, page.text):
        assert [old for _, old in ARTICLE.findall(html)] == [str(number) for number in range(1, 51)]
    for old in ("57", DISQUS, REMARK42):
        found = (await fragment(thread, limit=1, comment=old)).text
        assert [each for _, each in ARTICLE.findall(found)] == [old]
        [(new, _)] = ARTICLE.findall(found)
        assert COMMENT.findall((await fragment(thread, limit=1, comment=new)).text) == [new]
        assert f'id="comment-{old}"' in (await site.client.get(f"/{site.slug}/111?comment={old}")).text


async def test_an_old_id_belongs_to_its_thread_and_shows_no_rejected_comment(site: ASite) -> None:
    thread = await an_imported_thread(site, "1", "2")
    export = an_export(an_item(a_comment("9"), post_id="112"))
    await import_file(site, export.read())
    first = (await fragment(thread, limit=1)).text
    assert (await fragment(thread, limit=1, comment="9")).text == first
    second = ARTICLE.findall((await fragment(thread, limit=1, comment="2")).text)[0][0]
    await decide(site, "reject", {"id": second, "revision": 1})
    after = (await fragment(thread, limit=1, comment="2")).text
    assert [old for _, old in ARTICLE.findall(after)] == ["1"]


async def test_an_id_that_no_link_can_have_is_no_anchor_and_is_refused(site: ASite) -> None:
    thread = await an_imported_thread(site, '1"><b>', "a b")
    assert "<article aria-labelledby=" in (await fragment(thread)).text
    assert ARTICLE.findall((await fragment(thread)).text) == []
    for wrong in ("\x00", "a b", "9\n", "", "x" * 101, "ä"):
        answer = await fragment(thread, comment=wrong)
        assert answer.status_code == 400, wrong
        assert answer.json()["parameter"] == "comment"
        page = await site.client.get(f"/{site.slug}/111", params={"comment": wrong})
        assert page.status_code == 200, wrong
