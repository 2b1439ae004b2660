"""A moderator tries a word list on the last comments, saves it, and lets it run in shadow."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import overflowing, photograph
from tests.builders import ASite, a_comment, a_thread

pytestmark = pytest.mark.slow


async def test_a_word_list_is_tried_saved_and_put_in_shadow(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    for body in ("The crook of the matter.", "By hook or by crook.", "Well said."):
        await a_comment(thread, body)
    page = await a_desk(site, visits, origin, "rules", size=(1440, 900))
    words = page.get_by_label("Hold comments that contain one of these words")
    await words.fill("crook\nswindle")
    await page.get_by_role("button", name="Try on the last").click()
    await expect(page.get_by_role("heading", name="Tried on comments: 3")).to_be_visible()
    await expect(page.get_by_role("row", name="Hold 0 2")).to_be_visible()
    await expect(page.locator(".examples li")).to_have_count(2)
    await expect(words).to_have_value("crook\nswindle")
    await photograph(page, "desk-rules-tried-wide")
    assert (await thread.read())["reply_count"] == 3
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. The rules apply")).to_be_visible()
    held = await a_comment(thread, "One more crook.")
    assert held["comment"]["state"] == "pending"

    row = page.locator(".setting", has=words)
    await row.get_by_label("In shadow").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. The rules apply")).to_be_visible()
    await expect(row.get_by_label("In shadow")).to_be_checked()
    shown = await a_comment(thread, "And another crook.")
    assert shown["comment"]["state"] == "published"
    await page.set_viewport_size({"width": 360, "height": 740})
    await photograph(page, "desk-rules-shadow-phone")
    assert await overflowing(page) == []
    await page.goto(f"{origin}/desk/{site.slug}/queue?tab=published&q=another")
    await expect(page.locator(".finding", has_text="in shadow")).to_be_visible()
