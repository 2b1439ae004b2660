"""In the embed, readers share the link to a comment: by the browser's dialog, by the clipboard, else by the address."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import NARROW, Visits
from tests.browser.a_host_page import ARTICLE, AHost, the_embed
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.builders import ASite, AThread, a_comment, a_thread

pytestmark = pytest.mark.slow

# Stand for the parts of the browser; what they are given is read back from the window.
DIALOG = "navigator.share = async (shared) => { window.shared = shared }"
CLOSED_DIALOG = "navigator.share = async () => { throw new DOMException('', 'AbortError') }"
FORBIDDEN_DIALOG = "navigator.share = async () => { throw new DOMException('', 'NotAllowedError') }"
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
CLIPBOARD = "navigator.clipboard.readText()"


async def a_shared_comment(visits: Visits, host: AHost, thread: AThread, *scripts: str) -> tuple[Page, str]:
    """Follow “Share” below the second comment of a page with ``scripts``; return the page and the comment's URL."""
    posted = [(await a_comment(thread, body))["comment"]["id"] for body in ("First.", "Second.")]
    page = await visits.begin(size=NARROW)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for script in scripts:
        await page.add_init_script(script)
    url = host.write(ARTICLE, the_embed(thread))
    await page.goto(f"{url}?from=letter#elsewhere")
    await page.locator(f"#comment-{posted[1]}").get_by_role("link", name="Share").click()
    return page, f"{url}?from=letter#comment-{posted[1]}"


async def test_without_a_dialog_the_link_is_copied(site: ASite, host: AHost, visits: Visits) -> None:
    page, url = await a_shared_comment(visits, host, await a_thread(site))
    message = page.locator(".comments .message:not(:empty)")
    await expect(message).to_have_text("Link copied.")
    await expect(message).to_have_attribute("role", "status")
    assert await page.evaluate(CLIPBOARD) == url
    await photograph(page, "embed-share")
    assert await barriers(page) == []
    assert await overflowing(page) == []
    await page.get_by_role("link", name="Share").first.click()
    await expect(message).to_have_count(1)
    assert await page.evaluate(CLIPBOARD) != url


async def test_a_dialog_gets_the_link(site: ASite, host: AHost, visits: Visits) -> None:
    page, url = await a_shared_comment(visits, host, await a_thread(site), DIALOG)
    assert await page.evaluate("window.shared") == {"url": url}
    await expect(page.locator(".message:not(:empty)")).to_have_count(0)


async def test_a_closed_dialog_copies_nothing_and_a_forbidden_one_copies(
    site: ASite, host: AHost, visits: Visits
) -> None:
    page, url = await a_shared_comment(visits, host, await a_thread(site), CLOSED_DIALOG)
    assert await page.evaluate(CLIPBOARD) != url
    page, url = await a_shared_comment(visits, host, await a_thread(site), FORBIDDEN_DIALOG)
    await expect(page.get_by_text("Link copied.")).to_be_visible()
    assert await page.evaluate(CLIPBOARD) == url


async def test_without_a_clipboard_the_address_is_the_link(site: ASite, host: AHost, visits: Visits) -> None:
    page, url = await a_shared_comment(visits, host, await a_thread(site), NO_CLIPBOARD)
    await page.wait_for_url(url)


async def test_what_only_its_author_sees_is_not_shared(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site, mode="hold")
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Your reply").fill("Patience.")
    await page.get_by_role("button", name="Post reply").click()
    await expect(page.locator(".held:not(.sending)")).to_be_visible()
    await expect(page.get_by_role("link", name="Share")).to_have_count(0)
