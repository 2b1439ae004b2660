"""Everything can be reached by keyboard, with a visible focus."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import NARROW, Visits
from tests.browser.gallery import Picture
from tests.browser.page_checks import focused, tab_to
from tests.builders import ASite, a_comment, a_thread

pytestmark = pytest.mark.slow


async def stops(page: Page) -> list[str]:
    """Press Tab to the end of the page; return the focused elements, whose focus must be visible."""
    met: list[str] = []
    while len(met) < 200:
        await page.keyboard.press("Tab")
        now = await focused(page)
        if now is None:
            return met
        assert now["outline"] >= 2, f"the focus does not show: {now}"
        assert now["inside"], f"the focus is out of sight: {now}"
        met.append(now["name"])
    raise AssertionError("the page is not left by Tab")


async def test_a_reader_replies_edits_reports_and_deletes_by_keyboard(site: ASite, origin: str, visits: Visits) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Twelve minutes to the station.", name="Ada")
    page = await visits.begin(script=False)
    await page.goto(f"{origin}/{site.slug}/{thread.article}")
    await tab_to(page, "Reply to Ada")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Your reply")).to_be_focused()
    await page.keyboard.type("And forty before.")
    for _ in range(3):
        await page.keyboard.press("Shift+Tab")
    await page.keyboard.type("Grace")
    await tab_to(page, "Post reply")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Your reply is published.")
    await tab_to(page, "Edit your comment")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Your reply")).to_be_focused()
    await page.keyboard.type(" Or so.")
    await tab_to(page, "Save")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Your changes are saved.")
    await page.reload()
    await tab_to(page, "Report the reply by Ada")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("group", name="What is wrong with this comment?")).to_be_in_viewport()
    await tab_to(page, "reason")
    await page.keyboard.press("Space")
    await tab_to(page, "Send report")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Thank you. A moderator will look at it.")
    await expect(page.get_by_text("A moderator has not decided yet.")).to_be_visible()
    await tab_to(page, thread.registered["title"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_count(0)  # the thread again
    await tab_to(page, "Delete your comment")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Delete your comment for good?")).to_be_in_viewport()
    await tab_to(page, "Delete")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Your comment is deleted.")


async def test_the_focus_is_visible_at_every_stop(pictures: list[Picture], visits: Visits) -> None:
    page = await visits.begin(size=NARROW)
    for picture in pictures:
        if picture.name in {"open", "closed", "own", "form-report", "form-delete", "index", "problem", "language-he"}:
            await picture.show(page)
            assert await stops(page)
