"""In the embed, authors learn why their comment is not published, and appeal."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.browser.page_checks import barriers, photograph
from tests.builders import ASite, a_comment, a_thread, decide

pytestmark = pytest.mark.slow


async def post(page: Page, words: str) -> None:
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Your reply").fill(words)
    await page.get_by_role("button", name="Post reply").click()
    await expect(page.get_by_text("Your reply")).not_to_have_count(0)


async def appeal(page: Page, site: ASite) -> None:
    """Appeal by the link in the page, and check that moderators get it."""
    await page.locator("article [data-action=appeal]").click()
    await expect(page.get_by_label("Why should it be published? (optional)")).to_be_focused()
    assert await barriers(page) == []
    await page.get_by_label("Why should it be published? (optional)").fill("It is a quotation.")
    await page.locator("form").get_by_role("button", name="Appeal").click()
    filed = page.get_by_text("You have appealed. A moderator has not decided yet.")
    await expect(filed).to_be_visible()
    await expect(filed).to_be_in_viewport()
    await page.reload()
    await expect(page.get_by_text("You have appealed. A moderator has not decided yet.")).to_be_visible()
    await expect(page.get_by_role("button", name="Appeal")).to_have_count(0)
    log = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert "appeal" in [each["action"] for each in log]


async def test_the_author_of_a_rejected_comment_learns_why_on_return_and_appeals(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "First.")
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await post(page, "Rude.")
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    [_, rude] = await thread.pages()
    await decide(site, "reject", rude, reason="abuse")
    await page.reload()
    told = page.locator(".decided")
    await expect(told).to_contain_text("Your comment was removed. It insults or threatens somebody.")
    await expect(told).to_contain_text("You can appeal once.")
    await photograph(page, "embed-decided")
    await appeal(page, site)


async def test_the_author_of_a_held_comment_appeals_below_it(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site, mode="hold")
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await post(page, "Patience.")
    await expect(page.locator("li.held")).to_contain_text("All comments here wait for a moderator.")
    await appeal(page, site)


async def test_an_author_who_is_reading_learns_it_at_once(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    page = await visits.begin()
    async with page.expect_response("**/stream*"):
        await page.goto(host.write(the_embed(thread)))
    await post(page, "Rude.")
    await expect(page.locator("li.own:not(.sending)")).to_be_visible()
    [rude] = await thread.pages()
    await decide(site, "reject", rude, reason="abuse")
    await expect(page.locator("li.decided")).to_contain_text("It insults or threatens somebody.")
    await expect(page.get_by_text("Your reply is published.")).to_have_count(0)
    await expect(page.locator(".heading")).to_contain_text("No replies on")
    await decide(site, "publish", {"id": rude["id"], "revision": 2})
    await expect(page.locator("li.own:not(.decided)")).to_contain_text("Rude.")
    await expect(page.locator(".heading")).to_contain_text("One reply on")
