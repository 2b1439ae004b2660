"""Moderators work through the queue in a browser: by keys alone, without a script, two at once, on a slow network."""

import asyncio
import re
from time import monotonic

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk, sign_in
from tests.browser.page_checks import barriers, focused, overflowing, photograph, tab_to
from tests.builders import ASite, AThread, Json, a_comment, a_thread, decide, set_rules
from tests.platform.http.naughty import naughty, scripts

pytestmark = pytest.mark.slow
PHONE = (360, 740)
# Elements and attributes that could run something, among the cards.
ALIVE = """[...document.querySelectorAll(".card *")].filter((each) =>
  each.matches("script, iframe, img, svg, object, style") || each.getAttributeNames().some((name) => /^on/.test(name))
).map((each) => each.outerHTML)"""


def card(page: Page, words: str) -> Locator:
    return page.locator(".card > article", has_text=words)


async def state_of(site: ASite, comment: Json) -> str:
    read = await site.call("GET", f"/comments/{comment['id']}", by="moderator")
    return str(read.json()["comment"]["state"])


async def held(thread: AThread, *bodies: str, **given: str) -> list[Json]:
    """Comments that are held for a word."""
    await set_rules(thread.site, hold_words=["swindle"])
    return [(await a_comment(thread, f"{body} swindle", **given))["comment"] for body in bodies]


async def test_a_moderator_judges_by_keys_alone(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site, section="politics")
    first, second = await held(thread, "This is a **swindle**, a", "Another", name="Ada")
    page = await a_desk(site, visits, origin)
    await expect(card(page, "This is")).to_be_focused()
    await expect(page.locator("mark").first).to_have_text("swindle")
    await page.keyboard.press("r")
    await photograph(page, "desk-reasons")
    await page.keyboard.press("1")
    await expect(card(page, "Another")).to_be_focused()
    await expect(page.locator(".card.done")).to_contain_text("Rejected")
    await expect(page.locator("#count-pending")).to_have_text("1")
    await page.keyboard.press("a")
    await expect(page.locator(".card.done")).to_have_count(2)
    await page.keyboard.press("u")
    await expect(card(page, "Another")).to_be_focused()
    await expect(page.get_by_role("status")).to_contain_text("Undone")
    assert [await state_of(site, each) for each in (first, second)] == ["rejected", "pending"]


async def test_each_key_does_what_the_help_says(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    comments = await held(thread, "One", "Two", "Three", "Four")
    page = await a_desk(site, visits, origin)
    await expect(card(page, "One")).to_be_focused()
    await page.keyboard.press("j")
    await expect(card(page, "Two")).to_be_focused()
    await page.keyboard.press("k")
    await expect(card(page, "One")).to_be_focused()
    await page.keyboard.press("s")
    await page.keyboard.press("d")
    await expect(page.locator(".card.done")).to_have_count(2)
    await expect(card(page, "Three")).to_be_focused()
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.get_by_text("Selected: 2")).to_be_visible()
    await page.keyboard.press("a")
    await expect(page.locator(".card.done")).to_have_count(4)
    assert [await state_of(site, each) for each in comments] == ["spam", "deleted", "published", "published"]
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await barriers(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.type("three")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**q=three**")
    await page.goto(f"{origin}/desk/{site.slug}/queue?tab=published")
    await page.keyboard.press("f")
    await expect(page.locator(".card.done")).to_contain_text("Featured")
    await page.keyboard.press("h")
    await expect(page.locator(".card.done")).to_have_count(2)
    await expect(page.locator("#count-pending")).to_have_text("1")


async def test_a_hundred_comments_are_judged_by_keys_alone(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    comments = await held(thread, *(f"Number {number}." for number in range(100)))
    page = await a_desk(site, visits, origin)
    await expect(card(page, "Number 0.")).to_be_focused()
    begun = monotonic()
    for number, key in enumerate("aarsaraasa" * 10):
        await expect(card(page, f"Number {number}.")).to_be_focused()
        await page.keyboard.press(key)
        if key == "r":
            await page.keyboard.press("3")
    await expect(page.locator("#count-pending")).to_have_text("0")
    print(f"100 comments by keys in {monotonic() - begun:.1f} s")
    states = [await state_of(site, each) for each in comments]
    expected = {"a": "published", "r": "rejected", "s": "spam"}
    assert states == [expected[key] for key in "aarsaraasa" * 10]


async def test_two_moderators_see_each_others_decisions(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    comments = await held(thread, "One", "Two")
    maria = await a_desk(site, visits, origin)
    otto = await a_desk(site, visits, origin, name="Otto")
    await otto.keyboard.press("s")
    await expect(otto.locator(".card.done")).to_have_count(1)
    await maria.keyboard.press("a")
    await expect(card(maria, "One")).to_contain_text("Otto decided first: Marked as spam. Nothing was changed.")
    await expect(card(maria, "One")).to_be_focused()
    await photograph(maria, "desk-decided-first")
    assert await state_of(site, comments[0]) == "spam"


async def test_new_comments_are_announced_and_not_shoved_in(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    await held(thread, "One")
    page = await a_desk(site, visits, origin)
    await expect(page.locator("#count-any")).to_have_text("1")
    await held(thread, "Two")
    await page.evaluate("dispatchEvent(new Event('focus'))")
    await expect(page.locator("#newer")).to_contain_text("New comments: 1")
    await expect(page.locator(".card")).to_have_count(1)
    await expect(card(page, "One")).to_be_focused()
    await page.get_by_role("link", name="Show").click()
    await expect(page.locator(".card")).to_have_count(2)


async def test_without_a_script_everything_works(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    comments = await held(thread, "One", "Two", "Three")
    page = await a_desk(site, visits, origin, script=False)
    await card(page, "One").get_by_role("button", name="Publish").click()
    await expect(page.get_by_role("status").filter(has_text="Published")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".card")).to_have_count(3)
    await card(page, "Two").get_by_text("Reject").first.click()
    await page.get_by_role("radio", name="It is spam or advertising.").locator("visible=true").check()
    await page.get_by_label("Note for the log").locator("visible=true").fill("Again.")
    await card(page, "Two").get_by_role("button", name="Reject").click()
    await expect(page.locator(".card")).to_have_count(2)
    for words in ("One", "Three"):
        await card(page, words).get_by_role("checkbox").check()
    await page.locator("#bulk").get_by_role("button", name="Spam").click()
    await expect(page.get_by_text("Nothing waits here.")).to_be_visible()
    assert [await state_of(site, each) for each in comments] == ["spam", "rejected", "spam"]


async def test_the_queue_fits_a_phone_and_thumbs(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site, section="politics", title="Donaudampfschifffahrtsgesellschaft " * 4)
    await held(thread, "W" * 90, "Two", name="N" * 90)
    page = await a_desk(site, visits, origin, size=PHONE)
    assert await overflowing(page) == []
    for button in await card(page, "Two").get_by_role("button").all():
        box = await button.bounding_box()
        assert box and box["height"] >= 24 and box["width"] >= 44
    await card(page, "Two").get_by_text("Reject").first.click()
    await photograph(page, "desk-phone-reasons")
    assert await overflowing(page) == []
    await page.get_by_role("radio", name="It is spam or advertising.").locator("visible=true").check()
    await card(page, "Two").get_by_role("button", name="Reject").click()
    await expect(page.locator(".card.done")).to_have_count(1)


async def test_on_a_slow_network_the_next_comment_comes_at_once(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    comments = await held(thread, "One", "Two", "Three")
    page = await a_desk(site, visits, origin)
    arrived = asyncio.Event()

    async def wait(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await page.route("**/decisions", wait)
    for words in ("One", "Two", "Three"):
        await expect(card(page, words)).to_be_focused()
        await page.keyboard.press("a")
    await expect(page.locator(".card[aria-busy]")).to_have_count(3)
    arrived.set()
    await expect(page.locator(".card.done")).to_have_count(3)
    assert {await state_of(site, each) for each in comments} == {"published"}


async def test_answers_in_another_order_leave_the_counts_right(site: ASite, visits: Visits, origin: str) -> None:
    await held(await a_thread(site), "One", "Two")
    page = await a_desk(site, visits, origin)
    await expect(page.locator("#count-any")).to_have_text("2")
    second_answered = asyncio.Event()
    routes: list[Route] = []

    async def swap_order(route: Route) -> None:
        routes.append(route)
        is_first = len(routes) == 1
        answer = await route.fetch()
        if is_first:
            await second_answered.wait()
        await route.fulfill(response=answer)

    await page.route("**/decisions", swap_order)
    await expect(card(page, "One")).to_be_focused()
    await page.keyboard.press("a")
    await expect(card(page, "Two")).to_be_focused()
    await page.keyboard.press("a")
    await expect(page.locator(".card.done")).to_have_count(1)
    second_answered.set()
    await expect(page.locator(".card.done")).to_have_count(2)
    await expect(page.locator("#count-published")).to_have_text("2")
    await expect(page.locator("#count-pending")).to_have_text("0")


async def test_without_a_network_nothing_is_lost(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    [comment] = await held(thread, "One")
    page = await a_desk(site, visits, origin)
    await page.route("**/decisions", lambda route: route.abort())
    await page.keyboard.press("r")
    await card(page, "One").get_by_label("Note for the log").fill("Rude, again.")
    await card(page, "One").get_by_role("button", name="Reject").click()
    await expect(page.get_by_role("status").filter(has_text="There is no connection.")).to_be_visible()
    await expect(page.locator(".card[aria-busy]")).to_have_count(0)
    await expect(card(page, "One").get_by_label("Note for the log")).to_have_value("Rude, again.")
    await page.unroute("**/decisions")
    await card(page, "One").get_by_role("button", name="Reject").click()
    await expect(page.locator(".card.done")).to_have_count(1)
    assert await state_of(site, comment) == "rejected"
    visits.faults[:] = [each for each in visits.faults if "htmx" not in each]  # it reports the failure


async def test_the_keyboard_reaches_everything(site: ASite, visits: Visits, origin: str) -> None:
    await held(await a_thread(site), "One")
    page = await a_desk(site, visits, origin)
    await tab_to(page, "Publish")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card.done")).to_have_count(1)
    assert (await focused(page))["tag"] == "main"


async def test_hostile_text_stays_text(site: ASite, visits: Visits, origin: str) -> None:
    strings = [each for each in dict.fromkeys([*scripts(), *naughty()]) if re.search(r"\w", each)][:120]
    await set_rules(site, hold_words=["e", "a", "script", "1"])
    for first in range(0, len(strings), 30):
        title = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", strings[first])[:400]
        thread = await a_thread(site, title=title or "A title", section=title[:60].strip() or "x")
        for text in strings[first : first + 30]:
            await thread.post(text[:9000], name=re.sub(r"[\x00-\x1f]", " ", text)[:90])
    page = await a_desk(site, visits, origin)
    for address in ("queue?tab=any", "queue?tab=any&order=oldest", "queue?tab=pending&order=newest"):
        await page.goto(f"{origin}/desk/{site.slug}/{address}")
        await expect(page.locator(".card").first).to_be_visible()
        assert (
            await page.evaluate("document.querySelectorAll('.card script, .card iframe, .card img, .card svg').length")
            == 0
        )
        assert (
            await page.evaluate(
                "[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())"
                ".filter((name) => name.startsWith('on'))"
            )
            == []
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_the_queue(site: ASite, visits: Visits, origin: str, scheme: str) -> None:
    thread = await a_thread(site, section="politics")
    comments = await held(thread, "One", "Two https://a.example/ [here](https://b.example/)")
    reported = (await a_comment(thread, "Fine."))["comment"]
    await site.call("POST", f"/comments/{reported['id']}/reports", json={"reason": "abuse", "note": "Rude."})
    await decide(site, "spam", comments[0])
    page = await a_desk(site, visits, origin, scheme=scheme)
    for address in (
        "queue",
        "queue?tab=reported",
        "queue?tab=any&q=one",
        "queue?tab=appeals",
        f"comments/{reported['id']}/reports",
    ):
        await page.goto(f"{origin}/desk/{site.slug}/{address}")
        assert await barriers(page) == [], address
        assert await overflowing(page) == [], address
    other = await visits.begin(scheme="dark" if scheme == "dark" else "light")
    await other.goto(f"{origin}/desk/{site.slug}/queue")
    assert await barriers(other) == []
    await sign_in(other, f"{origin}/desk/{site.slug}/queue")
