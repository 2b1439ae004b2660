"""Links to comments and threads as other systems write them lead to the comment or the thread in a host's page."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import ARTICLE, AHost, the_embed
from tests.builders import ASite, AThread
from tests.integrations.imports import exports
from tests.integrations.imports.test_import_archive import import_file

pytestmark = pytest.mark.slow

REMARK42 = "2aab5ab3-5e1c-4f6b-9d5a-0c1d4e7f8a90"
OLD_IDS = ("57", "5", "9", "1003322110", REMARK42)
COMMENTS = {
    "#comment-9": "Text 9",
    "#isso-57": "Text 57",
    "#comment-1003322110": "Text 1003322110",
    f"#remark42__comment-{REMARK42}": f"Text {REMARK42}",
}
THREADS = ("#comments", "#respond", "#disqus_thread", "#isso-thread", "#remark42")
TALL = ARTICLE * 40


async def an_imported_thread(site: ASite) -> AThread:
    """A thread of two pages; Remark42's comment is on the second."""
    first = [exports.a_comment(key) for key in OLD_IDS[:-1]]
    more = [exports.a_comment(f"x{number}", date_gmt=f"2024-03-02 09:{number:02}:00") for number in range(55)]
    last = exports.a_comment(REMARK42, date_gmt="2024-03-03 09:30:00")
    await import_file(site, exports.an_export(exports.an_item(*first, *more, last, post_id="111")).read())
    return AThread(site, "111")


async def expect_comment(page: Page, text: str) -> None:
    article = page.locator("li > article", has_text=text)
    await expect(article.filter(has=page.get_by_text(text, exact=True))).to_be_focused()
    await expect(page.get_by_text(text, exact=True)).to_be_in_viewport()


async def expect_top(page: Page) -> None:
    await expect(page.get_by_role("heading", level=2)).to_be_focused()
    await expect(page.get_by_role("heading", level=2)).to_be_in_viewport()
    assert (await page.evaluate("document.querySelector('comment-thread').getBoundingClientRect().top")) < 100


async def test_an_old_link_to_a_comment_loads_the_thread_and_goes_to_it(
    site: ASite, host: AHost, visits: Visits
) -> None:
    url = host.write(TALL, the_embed(await an_imported_thread(site)))
    for anchor, text in COMMENTS.items():
        page = await visits.begin()
        await page.goto(url + anchor)
        await expect_comment(page, text)
        await page.context.close()


async def test_an_old_link_to_a_thread_loads_it_and_goes_to_it(site: ASite, host: AHost, visits: Visits) -> None:
    url = host.write(TALL, the_embed(await an_imported_thread(site)), TALL)
    for anchor in THREADS:
        page = await visits.begin()
        await page.goto(url + anchor)
        await expect_top(page)
        await page.context.close()


async def test_an_old_link_in_the_page_loads_the_thread_too(site: ASite, host: AHost, visits: Visits) -> None:
    page = await visits.begin()
    await page.goto(host.write(TALL, the_embed(await an_imported_thread(site)), TALL), wait_until="networkidle")
    await expect(page.get_by_role("heading", level=2)).to_have_count(0)
    for anchor in ("#comment-9", f"#remark42__comment-{REMARK42}"):
        await page.evaluate(f"location.hash = '{anchor}'")
        await expect_comment(page, COMMENTS[anchor])
    await page.evaluate("location.hash = '#comments'")
    await expect_top(page)


async def test_an_anchor_of_the_page_itself_is_left_to_the_browser(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await an_imported_thread(site)
    page = await visits.begin()
    await page.goto(host.write('<p id="comment-9">Mine.</p>', TALL, the_embed(thread)) + "#comment-9")
    await page.wait_for_load_state("networkidle")
    await expect(page.get_by_text("Mine.")).to_be_in_viewport()
    await expect(page.get_by_role("heading", level=2)).to_have_count(0)


async def test_the_thread_page_goes_to_an_imported_comment_without_a_script(
    site: ASite, origin: str, visits: Visits
) -> None:
    await an_imported_thread(site)
    page = await visits.begin(script=False, size=(600, 300))
    await page.goto(f"{origin}/{site.slug}/111#comment-1003322110")
    await expect(page.get_by_text("Text 1003322110", exact=True)).to_be_in_viewport()
    await expect(page.get_by_text("Text 57", exact=True)).not_to_be_in_viewport()
