"""On a network that takes two seconds, a key pressed twice or held decides once, and the focus goes on."""

import pytest
from playwright.async_api import Locator, Page, Request, expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.builders import ASite, AThread, a_comment, a_thread, set_rules

pytestmark = pytest.mark.slow
LATENCY = 2_000  # milliseconds


async def slow_down(page: Page) -> list[Request]:
    """Make each request take two seconds; returns the decisions that the page sends from now on."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/decisions") else None)
    network = await page.context.new_cdp_session(page)
    await network.send("Network.enable")
    slow = {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1}
    await network.send("Network.emulateNetworkConditions", slow)
    return sent


async def two_held(site: ASite) -> AThread:
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site)
    for words in ("One", "Two"):
        await a_comment(thread, f"{words} swindle.")
    return thread


def card(page: Page, words: str) -> Locator:
    return page.locator(".card > article", has_text=words)


async def test_a_key_pressed_twice_in_a_thread_decides_once(site: ASite, visits: Visits, origin: str) -> None:
    thread = await two_held(site)
    page = await a_desk(site, visits, origin, f"threads/{thread.article}")
    sent = await slow_down(page)
    await page.keyboard.press("j")
    await expect(card(page, "One")).to_be_focused()
    await page.keyboard.press("a")
    await page.keyboard.press("a")
    await expect(page.locator(".card[aria-busy]")).to_have_count(1)
    await expect(card(page, "One").locator(".state")).to_have_text("Published")
    await expect(card(page, "One")).to_be_focused()
    await expect(card(page, "One").locator(".notice")).to_have_count(0)
    await page.keyboard.press("j")
    await expect(card(page, "Two")).to_be_focused()
    await expect(card(page, "Two").locator(".state")).to_have_text("Pending")
    assert len(sent) == 1
    assert (await thread.read())["reply_count"] == 1


async def test_a_key_that_is_held_decides_one_comment(site: ASite, visits: Visits, origin: str) -> None:
    thread = await two_held(site)
    page = await a_desk(site, visits, origin)
    sent = await slow_down(page)
    await expect(card(page, "One")).to_be_focused()
    for _ in range(3):  # as the keyboard repeats it
        await page.keyboard.down("a")
    await page.keyboard.up("a")
    await expect(card(page, "Two")).to_be_focused()
    await expect(page.locator(".card.done")).to_have_count(1)
    await expect(card(page, "Two")).to_be_focused()
    await page.keyboard.press("a")
    await page.keyboard.press("a")  # nothing is left to decide
    await expect(page.locator("#main")).to_be_focused()
    await expect(page.locator(".card.done")).to_have_count(2)
    assert len(sent) == 2
    assert (await thread.read())["reply_count"] == 2
