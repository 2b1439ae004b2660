"""axe finds no barriers in the embed, in any state of a thread and its forms."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Scheme, Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.browser.page_checks import barriers, photograph
from tests.builders import ASite, a_comment, a_thread

pytestmark = pytest.mark.slow


async def look(page: Page, name: str) -> None:
    """Take a screenshot, and check that axe finds nothing."""
    await photograph(page, f"embed-state-{name}")
    assert await barriers(page) == [], name


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "ar")])
async def test_axe_finds_nothing_in_the_forms_of_an_author(
    site: ASite, host: AHost, visits: Visits, scheme: Scheme, language: str
) -> None:
    thread, page = await a_thread(site), await visits.begin(scheme=scheme, language=language)
    await page.goto(host.write(the_embed(thread)))
    form, own = page.locator("section > form"), page.locator("li > form")
    await form.locator("[name=name]").fill("Ada")
    await form.locator("[name=url]").fill("mailto:ada@gazette.example")
    await form.locator("textarea").fill("Well said.")
    await form.get_by_role("button").first.click()
    await expect(page.locator(".field-error")).to_be_visible()
    await look(page, f"field-error-{language}")
    await form.locator("[name=url]").fill("")
    await form.get_by_role("button").first.click()
    await expect(page.locator(".message:not(:empty)")).not_to_be_empty()
    await look(page, f"posted-{language}")
    for action in ("edit", "delete"):
        await page.locator(f"[data-action={action}]").first.click()
        await expect(own.locator(".send button").first).to_be_enabled()
        await look(page, f"{action}-{language}")
        await own.locator(".cancel").click()
    await site.set(mode="hold", cors_origins=host.origin)
    await form.locator("textarea").fill("Patience.")
    await form.get_by_role("button").first.click()
    await expect(page.locator(".held:not(.sending)")).to_be_visible()
    await look(page, f"held-{language}")


async def test_axe_finds_nothing_in_a_failed_load(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await page.route("**/comments.html*", lambda route: route.abort())
    await page.goto(host.write(the_embed(thread)))
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    await look(page, "failure")


async def test_axe_finds_nothing_in_two_threads_of_a_page(site: ASite, host: AHost, visits: Visits) -> None:
    threads = [await a_thread(site, title=title) for title in ("The first", "The second")]
    page = await visits.begin(size=(1100, 2400))
    for thread in threads:
        await a_comment(thread)
    await page.goto(host.write(*map(the_embed, threads)))
    await expect(page.locator(".heading")).to_have_count(2)
    for reply in await page.locator("[data-action=reply]").all():
        await reply.click()
    await expect(page.locator("li > form")).to_have_count(2)
    await look(page, "two-threads")
