"""A session ends while a moderator types: after the next sign-in, each form is as it was and can be sent again."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import overflowing, photograph
from tests.builders import PASSWORD, ASite, a_comment, a_thread

pytestmark = pytest.mark.slow
CLOSED = "It is <b>late</b>, “said” Ö."


async def end_session(site: ASite, page: Page) -> None:
    """End the session at the service, as time does: the browser still has its cookie."""
    [cookie] = [each for each in await page.context.cookies() if each.get("name") == "onereply-desk"]
    ended = await site.call("DELETE", "/sessions/current", by=cookie.get("value"))
    assert ended.status_code == 204, ended.text


async def sign_in_again(page: Page, typed: str) -> None:
    """Sign in, find what was typed, and send it."""
    await expect(page.get_by_text("nothing that you typed is lost")).to_be_visible()
    await page.get_by_label("Name").fill("Maria")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_text("You are signed in as Maria.")).to_be_visible()
    await expect(page.locator(".facts")).to_contain_text(typed)
    assert await overflowing(page) == []


@pytest.mark.parametrize("script", [True, False])
async def test_what_was_typed_is_sent_after_signing_in_again(
    site: ASite, visits: Visits, origin: str, script: bool
) -> None:
    thread = await a_thread(site)
    author = await a_comment(thread, "Well said.", name="Ada")
    page = await a_desk(site, visits, origin, f"threads/{thread.article}", script=script, size=(360, 740))
    again = page.get_by_role("button", name="Send again")
    await page.locator(".settings > summary").click()
    await page.get_by_label("Reason, for readers too").fill(CLOSED)
    await end_session(site, page)
    await page.get_by_role("button", name="Close", exact=True).click()
    await sign_in_again(page, CLOSED)
    await photograph(page, "desk-again-thread")
    await again.click()
    await expect(page.get_by_text("The thread is closed.")).to_be_visible()
    assert (await thread.read())["close_reason"] == CLOSED

    await page.locator(".record").get_by_role("link", name="Ada").click()
    await page.get_by_role("radio", name="For good").check()
    await page.get_by_label("Reason; banned readers see it").fill("Insults.")
    await end_session(site, page)
    await page.get_by_role("button", name="Apply").click()
    await sign_in_again(page, "Insults.")
    await photograph(page, "desk-again-reader")
    await again.click()
    await expect(page.get_by_text("Done. It holds from now on.")).to_be_visible()
    await expect(page.locator(".row", has_text="Insults.")).to_contain_text("For good")
    await thread.reopen()
    assert (await thread.post(by=author["author_token"])).status_code == 403

    await page.goto(f"{origin}/desk/{site.slug}/rules")
    await page.get_by_label("Hold comments that contain one of these words").fill("crook\nswindle")
    await page.get_by_label("Hold comments with more links than this").fill("3")
    await end_session(site, page)
    await page.get_by_role("button", name="Save").click()
    await sign_in_again(page, "crook\nswindle")
    await photograph(page, "desk-again-rules")
    await again.click()
    await expect(page.get_by_text("Saved. The rules apply")).to_be_visible()
    rules = (await site.call("GET", "/rules", by="moderator")).json()
    assert (rules["hold_words"], rules["max_links"]) == (["crook", "swindle"], 3)
