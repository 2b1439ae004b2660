"""In the embed, a reply that is not right below its parent says whom it answers."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import NARROW, Visits
from tests.browser.a_host_page import ARTICLE, AHost, the_embed
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.builders import ASite, a_comment, a_thread, decide
from tests.reading.pages.test_answered import a_chain

pytestmark = pytest.mark.slow


async def test_a_reply_past_the_maximum_depth_leads_to_its_parent(site: ASite, host: AHost, visits: Visits) -> None:
    await site.set(max_depth=6, cors_origins=host.origin)
    thread = await a_thread(site)
    ids = await a_chain(thread, 32)
    page = await visits.begin(size=NARROW)
    await page.goto(host.write(ARTICLE, the_embed(thread)))
    await expect(page.locator(".apart")).to_have_count(26)
    for _ in range(2):  # also when the URL has the fragment already
        await page.get_by_role("link", name="In reply to N19", exact=True).click()
        await expect(page.locator(f"#comment-{ids[19]} > article")).to_be_focused()
        await expect(page.locator(f"#comment-{ids[19]} > article")).to_be_in_viewport()
    assert await overflowing(page) == []
    await photograph(page, "embed-answered")


@pytest.mark.parametrize(("width", "indented"), [(1100, 6), (600, 4), (360, 3)])
async def test_replies_say_whom_they_answer_where_the_indentation_does_not(
    site: ASite, host: AHost, visits: Visits, width: int, indented: int
) -> None:
    await site.set(max_depth=20, cors_origins=host.origin)
    thread = await a_thread(site)
    ids = await a_chain(thread, 9)
    await a_comment(thread, "A sibling.", name="Grace", below=ids[0])
    page = await visits.begin(size=(width, 800))
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator(".comments li")).to_have_count(11)
    expected = [f"In reply to N{number}" for number in (*range(indented, 9), 0)]
    await expect(page.locator(".answered:visible")).to_have_text(expected)
    starts = [await page.locator(f"#comment-{each} > article").evaluate("(it) => it.offsetLeft") for each in ids]
    assert len(set(starts)) == indented + 1
    await photograph(page, f"embed-deep-{width}")


async def test_replies_on_later_pages_stand_below_their_parents(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    await site.set(max_depth=20, cors_origins=host.origin)
    ids = []
    for _ in range(4):
        ids += await a_chain(thread, 14)
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await page.get_by_role("link", name="More replies (10)").click()
    await expect(page.locator("[id^=above]")).to_have_count(0)
    await expect(
        page.locator(f"#comment-{ids[45]} #comment-{ids[49]} #comment-{ids[50]} #comment-{ids[59]}")
    ).to_be_visible()
    await expect(page.locator(".comments li")).to_have_count(60)
    await expect(page.locator(".comments > li")).to_have_count(4)


async def test_earlier_replies_are_put_in_their_places(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    await site.set(max_depth=20, cors_origins=host.origin)
    ids = await a_chain(thread, 2)
    siblings = [
        (await a_comment(thread, f"Sibling {number}.", below=ids[number % 3]))["comment"]["id"] for number in range(120)
    ]
    middle = siblings[58]
    page = await visits.begin()
    await page.goto(f"{host.write(the_embed(thread))}#comment-{middle}")
    await expect(page.locator(f"#comment-{middle} > article")).to_be_focused()
    await photograph(page, "embed-page-in-the-middle")
    assert await barriers(page) == []
    assert await page.locator(".above .answered").count() >= 1
    while await page.locator(".earlier").count():
        before = await page.locator(".comments li[id^=comment]").count()
        earlier = page.locator(".earlier a").first
        left = int(str(await earlier.get_attribute("data-left")))
        await earlier.click()
        await expect(page.locator(f".comments li[id^=comment] >> nth={before + min(50, left) - 1}")).to_be_visible()
    for more in await page.locator(".more a").all():
        await more.click()
    await expect(page.locator("[id^=above]")).to_have_count(0)
    await expect(page.locator(".comments li")).to_have_count(123)
    shown = await page.locator(".comments li").evaluate_all("(all) => all.map((each) => each.id.slice(8))")
    assert shown == [each["id"] for each in await thread.pages()]


async def test_the_number_of_replies_that_are_left_is_kept_up_to_date(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    ids = [(await a_comment(thread, f"Number {number}."))["comment"]["id"] for number in range(60)]
    page = await visits.begin()
    async with page.expect_response("**/stream*"):
        await page.goto(host.write(the_embed(thread)))
    await expect(page.get_by_role("link", name="More replies (10)")).to_be_visible()
    for number, left in ((55, 9), (3, 9)):  # not shown; shown
        await decide(site, "reject", {"id": ids[number], "revision": 1})
        await expect(page.locator(".heading")).to_contain_text(f"{59 - (number == 3)} replies")
        await expect(page.get_by_role("link", name=f"More replies ({left})")).to_be_visible()
    await a_comment(thread, "New.")
    await expect(page.get_by_role("button", name="One new reply")).to_be_visible()
    await expect(page.get_by_role("link", name="More replies (9)")).to_be_visible()


async def test_a_removed_parents_name_is_removed_at_once(site: ASite, host: AHost, visits: Visits) -> None:
    await site.set(max_depth=1, cors_origins=host.origin)
    thread = await a_thread(site)
    ids = await a_chain(thread, 60)
    page = await visits.begin()
    async with page.expect_response("**/stream*"):
        await page.goto(f"{host.write(the_embed(thread))}#comment-{ids[59]}")
    here, elsewhere = ids[59], ids[58]
    await expect(page.locator(f".answered[href$='#comment-{elsewhere}']")).to_be_visible()
    for removed in (elsewhere, here):
        await decide(site, "reject", {"id": removed, "revision": 1})
        await expect(page.locator(f".answered[href$='#comment-{removed}']")).to_have_count(0)
        await expect(page.get_by_text("In reply to a removed comment")).to_have_count(1)
