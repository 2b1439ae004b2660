"""Moderators work through the queue in a browser: by keys alone, without a script, two at once."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import photograph
from tests.builders import ASite, Json, a_comment, a_thread, set_rules

pytestmark = pytest.mark.slow


def card(page: Page, words: str) -> Locator:
    return page.locator(".card > article", has_text=words)


async def state_of(site: ASite, posted: Json) -> str:
    read = await site.call("GET", f"/comments/{posted['comment']['id']}", by="moderator")
    return str(read.json()["comment"]["state"])


async def test_a_moderator_judges_by_keys_alone(site: ASite, visits: Visits, origin: str) -> None:
    await set_rules(site, hold_words=["swindle"], max_links=1)
    thread = await a_thread(site, section="politics")
    first = await a_comment(thread, "This is a *swindle*, I tell you, a Swindle.", name="Ada")
    second = await a_comment(thread, "See https://a.example and https://b.example swindle", name="Tom")
    page = await a_desk(site, visits, origin, size=(1100, 900))
    await expect(card(page, "I tell you")).to_be_focused()
    await expect(page.locator("mark").first).to_have_text("swindle")
    await photograph(page, "desk-queue")
    await page.keyboard.press("r")
    await photograph(page, "desk-reasons")
    await page.keyboard.press("1")
    await expect(card(page, "See")).to_be_focused()
    await expect(page.locator(".card.done")).to_contain_text("Rejected")
    await expect(page.locator("#count-pending")).to_have_text("1")
    await page.keyboard.press("a")
    await expect(page.locator(".card.done")).to_have_count(2)
    await page.keyboard.press("u")
    await expect(card(page, "See")).to_be_focused()
    await photograph(page, "desk-undone")
    assert await state_of(site, first) == "rejected"
    assert await state_of(site, second) == "pending"
