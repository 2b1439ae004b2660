"""How a thread loads, and what it leaves behind where there is none."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import ARTICLE, AHost, shifted, the_embed
from tests.browser.page_checks import photograph
from tests.builders import ASite, a_comment, a_thread

pytestmark = pytest.mark.slow


async def test_a_thread_is_busy_while_it_loads(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    may_load = asyncio.Event()

    async def load(route: Route) -> None:
        await may_load.wait()
        await route.continue_()

    await page.route("**/comments.html*", load)
    await page.goto(host.write(the_embed(thread)))
    element = page.locator("comment-thread")
    await expect(element).to_have_attribute("aria-busy", "true")
    may_load.set()
    await expect(page.get_by_role("heading", level=2)).to_be_visible()
    await expect(element).not_to_have_attribute("aria-busy", "true")


async def test_a_failed_load_is_not_busy(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await page.route("**/comments.html*", lambda route: route.abort())
    await page.goto(host.write(the_embed(thread)))
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    await expect(page.locator("comment-thread")).not_to_have_attribute("aria-busy", "true")


async def test_an_article_without_a_thread_leaves_nothing_behind(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    async with page.expect_console_message(lambda message: message.type == "warning"):
        await page.goto(host.write(ARTICLE, the_embed(thread, article="never-registered")))
    element = page.locator("comment-thread")
    await expect(element).to_have_css("height", "0px")
    assert await element.evaluate("each => each.getAttributeNames()") == ["site", "article"]
    assert await element.evaluate("each => each.shadowRoot.textContent") == ""


async def test_a_short_thread_below_an_article_leaves_no_hole(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await thread.close()
    await page.goto(host.write(ARTICLE * 8, the_embed(thread), ARTICLE * 8))
    await page.locator(".notice").scroll_into_view_if_needed()
    box = await page.locator("comment-thread").bounding_box()
    assert box
    assert box["height"] < 250
    assert await shifted(page) <= 0.05


@pytest.mark.parametrize("where", ["embed", "page"])
async def test_on_paper_there_are_no_forms_and_times_are_exact(
    site: ASite, host: AHost, visits: Visits, origin: str, where: str
) -> None:
    thread, page = await a_thread(site), await visits.begin(scheme="dark")
    for number in range(12):
        await a_comment(thread, f"Number {number}.\n" * (40 if number == 3 else 1))
    url = host.write(the_embed(thread)) if where == "embed" else f"{origin}/{site.slug}/{thread.article}"
    await page.goto(url)
    await expect(page.locator(".write")).to_be_visible()
    await page.emulate_media(media="print", color_scheme="light")
    await expect(page.locator("form:visible, button:visible, .actions:visible, nav:visible")).to_have_count(0)
    await expect(page.locator("body footer a:visible, .prompt:visible, .unfold:visible")).to_have_count(0)
    await expect(page.locator(".heading")).to_be_visible()
    await expect(page.locator(".body").nth(3)).to_have_css("max-height", "none")
    if where == "embed":  # on the page, the exact time is the text
        time = page.locator(".time time").first
        await expect(time).to_have_css("font-size", "0px")
        assert await time.evaluate("each => getComputedStyle(each, '::after').content") not in {"none", '""'}
    else:
        await expect(page.locator(".time").first).to_contain_text("UTC")
    await expect(page.locator("section.thread")).to_have_css("color", "rgb(27, 27, 26)")
    await photograph(page, f"paper-{where}")
