"""A moderator looks up a reader, bans them by keys alone, notes something and lifts the ban on a phone."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import barriers, overflowing, photograph, tab_to
from tests.builders import ASite, a_comment, a_thread, set_rules

pytestmark = pytest.mark.slow
WIDE, PHONE = (1440, 900), (360, 740)


async def take(page: Page, measure: str, *, duration: str = "For good", reason: str) -> None:
    await page.get_by_label(measure).check()
    await page.get_by_label(duration).check()
    await page.get_by_label("Reason; banned readers see it").fill(reason)
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("Done. It holds from now on.")).to_be_visible()


async def test_a_reader_is_looked_up_banned_noted_and_let_in_again(site: ASite, visits: Visits, origin: str) -> None:
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site, section="politics")
    posted = await a_comment(thread, "What a swindle.", name="Ada", email="ada@mail.example")
    await a_comment(thread, "Trams for all.", name="Grace")
    page = await a_desk(site, visits, origin, "readers", size=WIDE)
    await photograph(page, "desk-readers-wide")
    await tab_to(page, "q")
    await page.keyboard.type("swindle")
    await page.keyboard.press("Enter")
    await expect(page.locator(".row")).to_have_count(1)
    await photograph(page, "desk-readers-found-wide")
    await tab_to(page, "Ada")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Ban, hold, trust or note")).to_be_visible()

    await photograph(page, "desk-reader-wide")
    await tab_to(page, "measure")
    await tab_to(page, "duration")
    await expect(page.get_by_label("A week")).to_be_checked()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_label("30 days")).to_be_checked()
    await tab_to(page, "reason")
    await page.keyboard.type("Insults, again.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Done. It holds from now on.")).to_be_visible()
    banned = await thread.post("It is true.", by=posted["author_token"])
    assert (banned.status_code, "Insults, again." in banned.text) == (403, True)

    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await take(page, "Note, for moderators only", reason="Asked by mail on Monday.")
    await take(page, "Their network address", duration="A day", reason="A flood.")
    await expect(page.locator(".row")).to_have_count(3)
    await photograph(page, "desk-reader-phone")
    assert await barriers(page) == []
    assert await overflowing(page) == []
    for left in (2, 1):
        await page.get_by_role("button", name="Lift: Banned").first.click()
        await expect(page.get_by_text("It no longer holds.")).to_be_visible()
        await expect(page.locator(".row")).to_have_count(left)
    await expect(page.locator(".row")).to_contain_text("Asked by mail on Monday.")
    assert (await thread.post("It is true.", by=posted["author_token"])).status_code == 201

    await page.get_by_role("link", name="Readers").first.click()
    await page.get_by_label("E-mail domain").check()
    await page.get_by_label("The address, domain or id").fill("no domain")
    await page.get_by_label("Reason; banned readers see it").fill("Spam.")
    await page.get_by_role("button", name="Apply").click()
    value = page.get_by_label("The address, domain or id")
    await expect(value).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("E-mail domain")).to_be_checked()
    await expect(page.get_by_label("Reason; banned readers see it")).to_have_value("Spam.")
    await photograph(page, "desk-readers-refused-phone")
    await value.fill("mail.example")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.locator(".row", has_text="Spam.")).to_contain_text("E-mail domain")
    await photograph(page, "desk-readers-phone")


async def test_an_admin_erases_a_reader_on_a_phone(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread, "About engines.", name="Ada Lovelace"))["comment"]
    page = await a_desk(site, visits, origin, f"readers?q={comment['id']}", role="admin", size=PHONE)
    await page.get_by_role("link", name="Erase the reader").click()
    await expect(page.get_by_text("Comments to erase: 1")).to_be_visible()
    await photograph(page, "desk-erasure-phone")
    assert [*await barriers(page), *await overflowing(page)] == []
    await page.get_by_role("button", name="Erase the reader").click()
    await expect(page.get_by_text("The reader is erased.")).to_be_visible()
    await expect(page.get_by_text("Ada Lovelace")).to_have_count(0)
    await photograph(page, "desk-erased-phone")
    assert [*await barriers(page), *await overflowing(page)] == []
