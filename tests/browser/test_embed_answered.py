"""In the embed, a reply that is not right below its parent says whom it answers."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import NARROW, Visits
from tests.browser.a_host_page import ARTICLE, AHost, the_embed
from tests.browser.page_checks import overflowing, photograph
from tests.builders import ASite, a_comment, a_thread, decide
from tests.reading.pages.test_answered import a_chain

pytestmark = pytest.mark.slow


async def test_a_reply_at_the_maximum_depth_leads_to_its_parent(site: ASite, host: AHost, visits: Visits) -> None:
    await site.set(max_depth=6, cors_origins=host.origin)
    thread = await a_thread(site)
    ids = await a_chain(thread, 32)
    page = await visits.begin(size=NARROW)
    await page.goto(host.write(ARTICLE, the_embed(thread)))
    await expect(page.locator(".answered")).to_have_count(26)
    for _ in range(2):  # also when the URL has the fragment already
        await page.get_by_role("link", name="In reply to N19", exact=True).click()
        await expect(page.locator(f"#comment-{ids[19]} > article")).to_be_focused()
        await expect(page.locator(f"#comment-{ids[19]} > article")).to_be_in_viewport()
    assert await overflowing(page) == []
    await photograph(page, "embed-answered")


async def test_replies_below_their_parents_say_nothing_also_on_later_pages(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread = await a_thread(site)
    await site.set(max_depth=20, cors_origins=host.origin)
    for _ in range(4):
        await a_chain(thread, 14)
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await page.get_by_role("link", name="More replies").click()
    await expect(page.locator(".comments li")).to_have_count(60)
    await expect(page.locator(".answered")).to_have_count(0)


async def test_replies_that_are_not_indented_name_their_parent(site: ASite, host: AHost, visits: Visits) -> None:
    await site.set(max_depth=20, cors_origins=host.origin)
    thread = await a_thread(site)
    ids = await a_chain(thread, 6)
    page = await visits.begin(size=(360, 800))
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator(".comments li")).to_have_count(7)
    await a_comment(thread, "Live.", below=ids[4])
    await page.locator(".new-replies button").click()
    await expect(page.get_by_text("Live.")).to_be_visible()
    await expect(page.locator(".answered")).to_have_text(["In reply to N4"])


async def test_a_removed_parents_name_is_removed_at_once(site: ASite, host: AHost, visits: Visits) -> None:
    await site.set(max_depth=1, cors_origins=host.origin)
    thread = await a_thread(site)
    ids = await a_chain(thread, 3)
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await expect(page.get_by_role("link", name="In reply to N2")).to_be_visible()
    await decide(site, "reject", {"id": ids[2], "revision": 1})
    await expect(page.locator(".answered")).to_have_text(["In reply to a removed comment"])
    await expect(page.get_by_text("N2")).to_have_count(0)
