"""A moderator stops comments, after a count, and opens them again, by keys alone."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import overflowing, photograph, tab_to
from tests.builders import ASite, a_thread

pytestmark = pytest.mark.slow
WIDE, PHONE = (1440, 900), (360, 740)


async def test_comments_are_stopped_after_a_count_and_opened_again_by_keys_alone(
    site: ASite, visits: Visits, origin: str
) -> None:
    politics = [await a_thread(site, section="politics", title=f"Politics {number}") for number in range(3)]
    sport = await a_thread(site, section="sport", title="Sport")
    page = await a_desk(site, visits, origin, "threads", size=WIDE)
    await tab_to(page, "Stops")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="In force")).to_be_visible()
    await photograph(page, "desk-stops-wide")
    await tab_to(page, "section")
    await page.keyboard.type("politics")
    await tab_to(page, "reason")
    await page.keyboard.type("A court asks for calm.")
    await tab_to(page, "Count the threads")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Threads that close: 3")).to_be_visible()
    await photograph(page, "desk-stop-counted-wide")
    assert [(await each.read())["state"] for each in politics] == ["open"] * 3
    await expect(page.get_by_role("button", name="Close them")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Threads closed: 3")).to_be_visible()
    await photograph(page, "desk-stopped-wide")
    assert [(await each.read())["state"] for each in (*politics, sport)] == [*["closed"] * 3, "open"]
    undo = page.get_by_role("button", name=re.compile("Undo the stop"))
    await tab_to(page, await undo.get_attribute("aria-label") or "")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The stop is undone.")).to_be_visible()
    await expect(undo).to_have_count(0)
    assert [(await each.read())["state"] for each in politics] == ["open"] * 3

    await tab_to(page, "Count the threads")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Threads that close: 4")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Threads closed: 4")).to_be_visible()
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await photograph(page, "desk-stopped-phone")
    assert await overflowing(page) == []
    await page.get_by_role("link", name="Threads", exact=True).last.click()
    await expect(page.get_by_text("Closed with the site")).to_have_count(4)
