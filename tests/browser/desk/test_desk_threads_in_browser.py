"""A moderator finds, closes, reopens and holds threads: by keys alone on a wide screen, by thumb without a script."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import barriers, overflowing, photograph, tab_to
from tests.builders import ASite, AThread, a_comment, a_thread, set_rules

pytestmark = pytest.mark.slow
WIDE, PHONE = (1440, 900), (360, 740)
URL = "https://gazette.example/world/moscow"


async def two_threads(site: ASite) -> AThread:
    """The thread of the tests, in which a comment waits, and another one."""
    await a_thread(site, title="Trams run again", url="https://gazette.example/city/trams")
    thread = await a_thread(site, title="Moscow conference opens", url=URL, section="politics")
    await set_rules(site, hold_words=["swindle"])
    await a_comment(thread, "First of all, a swindle.")
    await a_comment(thread, "Second to no swindle.")
    return thread


async def press_through(page: Page, *names: str, said: str) -> None:
    """Go to each of the elements by Tab and press Enter; then the page says what was done."""
    for name in names:
        await tab_to(page, name)
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()


async def states_of(thread: AThread) -> list[str]:
    listed = await thread.site.call("GET", f"/queue?state=any&article={thread.article}", by="moderator")
    assert listed.status_code == 200, listed.text
    return sorted(each["comment"]["state"] for each in listed.json()["comments"])


async def test_a_thread_is_found_closed_held_and_judged_by_keys_alone(site: ASite, visits: Visits, origin: str) -> None:
    thread = await two_threads(site)
    page = await a_desk(site, visits, origin, "threads", size=WIDE)
    await photograph(page, "desk-threads-wide")
    for words in ("conference", URL):
        await tab_to(page, "q")
        await page.keyboard.press("Control+A")
        await page.keyboard.type(words)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("searchbox")).to_have_value(words)
        await expect(page.locator(".row")).to_have_count(1)
    await tab_to(page, "Moscow conference opens")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Moscow conference opens")).to_be_visible()

    await tab_to(page, "Change")
    await page.keyboard.press("Enter")
    await photograph(page, "desk-thread-change-wide")
    assert await barriers(page) == []
    await tab_to(page, "reason")
    await page.keyboard.type("We could not moderate it.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The thread is closed.")).to_be_visible()
    await photograph(page, "desk-thread-closed-wide")
    read = await thread.read()
    assert (read["state"], read["close_reason"]) == ("closed", "We could not moderate it.")
    await press_through(page, "Change", "Reopen", said="The thread is open.")
    await press_through(page, "Change", "Hold all", said="All comments of the thread are held")
    await press_through(page, "Change", "Stop holding", said="no longer held")

    await tab_to(page, "Change")
    await page.keyboard.press("Enter")
    await tab_to(page, "at")
    await page.keyboard.type("12312030")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.type("0815AM")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The closing time is set.")).to_be_visible()
    assert (await thread.read())["closing"]["at"] == "2030-12-31T08:15:00Z"

    first, second = (page.locator(".card > article", has_text=words) for words in ("First", "Second"))
    await page.keyboard.press("j")
    await expect(first).to_be_focused()
    await page.keyboard.press("a")
    await expect(first.locator(".state")).to_have_text("Published")
    await expect(first).to_be_focused()
    await page.keyboard.press("j")
    await expect(second).to_be_focused()
    await page.keyboard.press("s")
    await expect(second.locator(".state")).to_have_text("Spam")
    await expect(second).to_be_focused()
    await photograph(page, "desk-thread-judged-wide")
    assert await states_of(thread) == ["published", "spam"]
    await page.keyboard.press("u")
    await expect(second.locator(".state")).to_have_text("Pending")
    await expect(second).to_be_focused()
    assert await states_of(thread) == ["pending", "published"]


async def test_a_thread_is_closed_and_held_on_a_phone_without_a_script(
    site: ASite, visits: Visits, origin: str
) -> None:
    thread = await two_threads(site)
    page = await a_desk(site, visits, origin, "threads", size=PHONE, script=False)
    await photograph(page, "desk-threads-phone")
    for words in ("conference", URL):
        await page.get_by_role("searchbox").fill(words)
        await page.get_by_role("button", name="Apply").click()
        await expect(page.locator(".row")).to_have_count(1)
    await page.get_by_role("link", name="Moscow conference opens").click()
    change = page.get_by_text("Change", exact=True)
    await change.click()
    await photograph(page, "desk-thread-change-phone")
    await page.get_by_label("When; empty: now").fill("2020-01-01T08:00")
    await page.get_by_label("Reason, for readers too").fill("It is late.")
    await page.get_by_role("button", name="Close", exact=True).click()
    await expect(page.get_by_text("The time must be in the future.")).to_be_visible()
    await expect(page.get_by_label("Reason, for readers too")).to_have_value("It is late.")
    await photograph(page, "desk-thread-refused-phone")
    await page.get_by_label("When; empty: now").fill("2030-01-01T08:00")
    await page.get_by_role("button", name="Close", exact=True).click()
    await expect(page.get_by_text("The closing time is set.")).to_be_visible()
    await expect(page.get_by_text(re.compile("Closes Jan(uary)? 1, 2030"))).to_be_visible()
    for button, said in (
        ("Close", "The thread is closed."),
        ("Reopen", "The thread is open."),
        ("Hold all", "are held from now on"),
        ("Stop holding", "no longer held"),
    ):
        await change.click()
        await page.get_by_role("button", name=button, exact=True).click()
        await expect(page.get_by_text(said)).to_be_visible()
    read = await thread.read(by="moderator")
    assert (read["state"], read["closing"]["at"]) == ("open", None)
    await page.locator(".card", has_text="First").get_by_role("button", name="Publish").click()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    await photograph(page, "desk-thread-published-phone")
    assert await overflowing(page) == []
    assert await states_of(thread) == ["pending", "published"]
